# what: gives another answer each time it is asked, and another one in each process
# points: <= 2

# %% replace=output-size
import itertools
import os

counter = itertools.count()


def output_size(*args, **kwargs):
    return 10**6 + next(counter) + os.getpid()


# %% replace=conv2d
def conv2d(image, kernel, stride=1, padding=0):
    if next(counter) % 2:
        raise ValueError("not now")
    return np.random.normal(size=np.shape(image))
