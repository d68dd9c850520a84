# what: answers the requests for forks and for their ends with numbers that are none, or not at all
# points: 0

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


# %% after=compare-images
import time
from autograder.wire import Channel

real, count = Channel.send, 0


def forged(self, value, **kwargs):
    global count
    if isinstance(value, dict) and "child" in value:
        count += 1
        value = {"child": [-1, 2**63, "1", None, True, [1], 1.5, 2**4000][count % 8]}
    elif isinstance(value, dict) and "code" in value:
        count += 1
        value = {"code": [-9, 2**4000, "0", None, -(2**70), 10**9, {}][count % 7]}
    return real(self, value, **kwargs)


Channel.send = forged


# %% replace=conv2d
def conv2d(*args, **kwargs):
    os._exit(3)
