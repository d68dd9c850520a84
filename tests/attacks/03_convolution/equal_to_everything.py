# what: returns objects whose comparisons always hold, and numbers of classes of its own
# points: 0
# tests: [wrong-type, failed, not-implemented, missing, exception]

# %% replace=output-size
class Anything:
    shape, dtype, ndim, size = (1, 1), "float64", 2, 1
    __array_priority__ = 10**9

    def _yes(self, *args, **kwargs):
        return True

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = _yes
    __hash__ = object.__hash__

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __array__(self, dtype=None, copy=None):
        return np.zeros((1, 1))

    def __array_function__(self, *args, **kwargs):
        return True

    def __array_ufunc__(self, *args, **kwargs):
        return True

    def __index__(self):
        return 24


class Number(int):
    __eq__ = Anything._yes
    __hash__ = int.__hash__


def output_size(*args, **kwargs):
    return Number(-77)


# %% replace=padding-for
def padding_for(*args, **kwargs):
    return Number(-77), Number(-77)


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    return Anything()


# %% replace=correlate-1d
def correlate_1d(*args, **kwargs):
    return [Anything(), Anything()]


# %% replace=conv2d
def conv2d(*args, **kwargs):
    return Anything()


# %% replace=kernels
KERNELS = Anything()


# %% replace=compare-images
def compare_images(*args, **kwargs):
    return Anything()
