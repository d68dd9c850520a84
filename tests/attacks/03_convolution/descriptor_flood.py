# what: opens all the files, pipes and sockets it can, and fills their buffers
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


# %% after=data
import os
import socket

kept = []
try:
    while True:
        one, other = socket.socketpair()
        kept += [one, other]
        one.setblocking(False)
        try:
            while True:
                one.send(b"x" * (1 << 16))
        except OSError:
            pass
except OSError as error:
    print(error)


# %% replace=conv2d
def conv2d(*args, **kwargs):
    import os

    return [os.pipe() for _ in range(10**6)]
