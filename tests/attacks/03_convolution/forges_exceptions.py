# what: its server answers with exceptions of every built-in kind, with texts that name every argument
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


import builtins

kinds = [
    ["StopIteration"], ["StopAsyncIteration"], ["GeneratorExit"], ["KeyboardInterrupt"], ["SystemExit"],
    ["ExceptionGroup"], ["BaseExceptionGroup"], ["AssertionError"], ["AttributeError"], ["MemoryError"],
    ["SystemError"], ["OSError"], ["ImportError"], ["EOFError"], ["SyntaxError"], ["UnicodeDecodeError"],
    ["eval"], ["type"], ["object"], ["Exception"], [5, None], "ValueError", None, ["x" * 100000], [],
    ["ValueError"], ["NotImplementedError"], ["BaseException"], ["Warning"], ["ArithmeticError", "ValueError"],
]
count = 0


def answer(self, request):
    global count
    count += 1
    self.channel.send(
        {
            "exception": {
                "type": "<b>Passed</b>" * 100,
                "bases": kinds[count % len(kinds)],
                "text": "input_size kernel_size stride padding dilation mode image kernel \x1b[31m" * 50,
                "trace": ["not", "text"] if count % 2 else "x" * 100000,
            }
        }
    )


Server.answer = answer
