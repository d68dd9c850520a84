# what: announces and sends frames beyond every limit
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


count = 0


def answer(self, request):
    global count
    count += 1
    sock = self.channel.socket
    if request.get("op") == "begin":
        return self.channel.send({"value": None})
    if count % 4 == 0:
        sock.sendall(struct.pack(">IQ", 2**32 - 1, 2**63))
    elif count % 4 == 1:
        sock.sendall(struct.pack(">IQ", 2**22 - 1, 2**26 - 1))
        for _ in range(200):
            sock.sendall(bytes(1 << 20))
    elif count % 4 == 2:
        body = b"\xdd" + struct.pack(">I", 2**32 - 1)
        sock.sendall(struct.pack(">IQ", len(body), 0) + body)
    else:
        body = b"\x91" * 1_000_000 + b"\x00"
        sock.sendall(struct.pack(">IQ", len(body), 0) + body)


Server.answer = answer
