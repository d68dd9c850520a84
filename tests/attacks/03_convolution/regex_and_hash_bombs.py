# what: code that takes for ever without leaving the interpreter
# points: 16
# cells: [timeout]

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


# %% after=data
import re

re.match("(a*)*$", "a" * 200 + "b")


# %% replace=conv2d
def conv2d(*args, **kwargs):
    return 10**10**9 % 7


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    return sum(range(10**12))
