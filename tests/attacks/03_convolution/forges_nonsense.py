# what: its server answers with all that is no answer
# points: 0
# tests: [protocol, output, crashed, timeout, missing, not-implemented, wrong-type, failed, exception]

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


replies = [
    5, None, [], {}, {"value": 5, 7: 8}, {"exception": 5}, {"missing": "x" * 10000}, {"missing": 5},
    {"refused": "<script>" * 1000}, {"refused": None}, {"child": 5}, {"code": 5}, [1, 2], "text", {"": {}},
    {True: False}, {"value": {"value": {"value": {}}}},
]
count = 0


def answer(self, request):
    global count
    count += 1
    self.channel.send(replies[count % len(replies)])


Server.answer = answer
