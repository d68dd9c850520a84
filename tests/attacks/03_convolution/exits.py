# what: ends the process in every way there is
# points: 16

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
import sys

sys.exit(0)


# %% after=data
import os

os._exit(0)


# %% replace=padding-for
def padding_for(*args, **kwargs):
    raise SystemExit(0)


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    import os

    os._exit(0)


# %% replace=correlate-1d
def correlate_1d(*args, **kwargs):
    import os

    os.abort()


# %% replace=convolve-1d
def convolve_1d(*args, **kwargs):
    quit()


# %% replace=conv2d
def conv2d(*args, **kwargs):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


# %% replace=convolve-2d
def convolve_2d(*args, **kwargs):
    import os

    os._exit(241)


# %% replace=detect-edges
def detect_edges(*args, **kwargs):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGSTOP)
