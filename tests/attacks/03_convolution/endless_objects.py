# what: a mapping, a figure and iterators that never end, and attributes that hang
# points: 0

# %% replace=kernels
import itertools
import time


class Endless(dict):
    def keys(self):
        return itertools.count()

    __iter__ = keys

    def __len__(self):
        return 2**62

    def __getitem__(self, key):
        return self

    def __getattr__(self, name):
        time.sleep(10**6)


KERNELS = Endless()


# %% replace=compare-images
class Figure:
    def __init__(self):
        self.axes = itertools.repeat(self)

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __len__(self):
        return 2

    def __iter__(self):
        return itertools.repeat(self)

    def __getitem__(self, key):
        return self


def compare_images(*args, **kwargs):
    return Figure()


# %% replace=conv2d
def conv2d(*args, **kwargs):
    return itertools.count()
