# what: segmentation faults in a cell and in a function, caught by handlers that do not end
# points: 16
# cells: [crashed]
# says: segmentation fault

# %% replace=output-size
def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    sizes = dict(input_size=input_size, kernel_size=kernel_size, stride=stride, dilation=dilation)
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name} must be 1 or more")
    if padding < 0:
        raise ValueError("padding must be 0 or more")
    room = input_size + 2 * padding - dilation * (kernel_size - 1) - 1
    if room < 0:
        raise ValueError("kernel_size is too large")
    return room // stride + 1


# %% after=setup
import ctypes

ctypes.string_at(0)


# %% replace=conv2d
def conv2d(*args, **kwargs):
    import ctypes

    ctypes.string_at(1)


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    import ctypes
    import faulthandler
    import sys

    faulthandler.enable()
    sys.setrecursionlimit(2**31 - 1)
    ctypes.memset(id(None), 0, 16)


# %% replace=convolve-2d
def convolve_2d(*args, **kwargs):
    import sys

    sys.setrecursionlimit(2**31 - 1)

    def down():
        return [down() for _ in range(1)]

    return down()
