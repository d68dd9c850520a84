# what: a fork for a test that never ends, and a parent that waits for it for ever
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
import gc
import os
import socket
import struct
import sys

import msgpack

channels = [thing for thing in gc.get_objects() if type(thing).__name__ == "Channel"]
frame = sys._getframe()
while frame is not None:
    channels += [thing for thing in frame.f_locals.values() if type(thing).__name__ == "Channel"]
    frame = frame.f_back
sockets = [channel.socket for channel in channels if channel.socket.fileno() >= 0]


def send(value, payload=b"", lengths=None):
    body = value if isinstance(value, bytes) else msgpack.packb(value)
    for sock in sockets:
        sock.settimeout(2)
        sock.sendall(struct.pack(">IQ", *(lengths or (len(body), len(payload)))) + body + payload)


# %% replace=conv2d
def conv2d(*args, **kwargs):
    import threading
    import time

    os._exit = lambda code: time.sleep(10**6)
    for sock in sockets:
        try:
            sock.close()
        except OSError:
            pass
    os.closerange(3, 256)
    while True:
        time.sleep(10**6)
