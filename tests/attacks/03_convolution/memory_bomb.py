# what: takes memory in a cell and in functions, in one process, in many, and in shared memory
# points: <= 16
# cells: [memory]
# says: memory limit

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
hoard = []
while True:
    hoard.append(np.ones(1 << 22))


# %% replace=conv2d
def conv2d(*args, **kwargs):
    hoard = []
    while True:
        try:
            hoard.append(bytearray(b"x") * (1 << 24))
        except MemoryError:
            pass


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    import os

    for _ in range(20):
        if os.fork() == 0:
            hoard = []
            while True:
                try:
                    hoard.append(bytearray(b"x") * (1 << 20))
                except MemoryError:
                    pass
    os.wait()


# %% replace=correlate-1d
def correlate_1d(*args, **kwargs):
    import mmap

    maps = []
    while True:
        one = mmap.mmap(-1, 1 << 24)
        one.write(b"x" * (1 << 24))
        maps.append(one)
