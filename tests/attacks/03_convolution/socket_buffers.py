# what: hoards memory that belongs to no process, in the buffers of sockets that nobody reads, in many processes
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
import os
import socket
import time

for _ in range(30):
    if os.fork() == 0:
        kept = []
        try:
            while True:
                pair = socket.socketpair()
                kept.append(pair)
                for end in pair:
                    end.setblocking(False)
                    try:
                        while True:
                            end.send(b"x" * (1 << 17))
                    except BlockingIOError:
                        pass
        except OSError:
            time.sleep(10**6)
time.sleep(1.5)
