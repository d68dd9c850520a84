# what: sends sets whose items all have one hash, so that making the set takes for ever
# points: 0

# % after=setup
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


# % after=compare-images
from autograder.candidate.serve import Server


prime = 2**61 - 1
items = [msgpack.ExtType(6, (k * prime).to_bytes(11, "big", signed=True)) for k in range(16, 200000)]
body = msgpack.packb({"value": msgpack.ExtType(7, msgpack.packb(items))})


def answer(self, request):
    if request.get("op") == "begin":
        return self.channel.send({"value": None})
    self.channel.socket.sendall(struct.pack(">IQ", len(body), 0) + body)


Server.answer = answer
