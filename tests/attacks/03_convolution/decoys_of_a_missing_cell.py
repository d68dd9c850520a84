# what: drops task cells and leaves decoys of them where they never run, and code of its own in given cells
# points: 16
# notices: [edited-cell, found-cell, missing-cell]

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


# %% drop=conv2d


# %% drop=pad-2d


# %% drop=convolve-1d


# %% drop=test-kernels


# %% replace=test-conv2d points=1000
def conv2d(image, kernel, stride=1, padding=0):
    return image


def check(*args, **kwargs):
    print("ok")


# %% after=output-size
if False:

    def pad_2d(image, padding):
        import numpy

        return numpy.pad(image, padding)


# %% after=test-output-size
"""
def convolve_1d(signal, kernel):
    return 1
"""
