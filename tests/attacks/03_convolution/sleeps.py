# what: sleeps and waits, in cells and in functions
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


# %% after=setup
import time

while True:
    try:
        time.sleep(10**6)
    except BaseException:
        pass


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    import threading

    threading.Event().wait()


# %% replace=conv2d
def conv2d(*args, **kwargs):
    input("? ")


# %% replace=correlate-1d
def correlate_1d(*args, **kwargs):
    import os

    os.read(os.pipe()[0], 1)
