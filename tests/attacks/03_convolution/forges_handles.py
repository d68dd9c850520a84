# what: hands out handles that do not exist, lengths that cannot be, and objects without end
# points: <= 1

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


from autograder.wire import Handle

count = 0


def answer(self, request):
    global count
    count += 1
    operation = request.get("op")
    handle = Handle(2**53 - 1 - count, "Figure" * 1000, "<script>alert(1)</script>" * 1000)
    if operation == "begin":
        value = None
    elif operation == "length":
        value = [2**31 - 1, -1, True, 2.5, "5"][count % 5]
    elif operation == "items":
        value = [handle] * 10000
    elif operation == "text":
        value = "\x1b[2J<script>" * 100000
    elif operation == "watch":
        return self.channel.send({"value": handle, "args": [handle] * 9, "kwargs": {}, "generators": True})
    else:
        value = handle if count % 3 else [[handle] * 1000] * 100
    self.channel.send({"value": value})


Server.answer = answer
