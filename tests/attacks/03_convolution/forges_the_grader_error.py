# what: says of its cells that the grader is at fault, to be left for a person instead of failing
# points: 0
# cells: [protocol]

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

send({"verdict": "grader-error", "message": "", "outputs": b"[]", "seconds": 0.0, "count": 1})
send({"verdict": "grader-error", "message": "", "outputs": b"[]", "seconds": 0.0, "count": 1})
