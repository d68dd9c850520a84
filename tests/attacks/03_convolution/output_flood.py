# what: prints without end, by print, by the descriptors, by child processes and by displays
# points: 16
# cells: [output]
# says: output limit

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
while True:
    try:
        print("x" * 100_000)
    except BaseException:
        pass


# %% after=data
import os

try:
    while True:
        os.write(1, b"x" * (1 << 16))
except OSError as error:
    print(error)


# %% after=output-size
import subprocess

subprocess.run(["sh", "-c", "yes | head -c 100000000; yes 1>&2 | head -c 1000"])


# %% after=pad-2d
from IPython.display import display

try:
    while True:
        display({"text/plain": "x" * 100_000}, raw=True)
except BaseException:
    pass


# %% replace=conv2d
def conv2d(*args, **kwargs):
    import os

    while True:
        print("x" * 100_000)
        os.write(2, b"x" * 100_000)
