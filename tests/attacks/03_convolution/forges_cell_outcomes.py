# what: answers for its own cells, with verdicts, counters and outputs that no cell ever had
# points: 16
# cells: [protocol, passed, crashed, timeout, exception]

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


# %% after=data
deep = "[" * 3000 + "]" * 3000
outputs = [
    '[{"output_type": "stream", "name": {"a": 1}, "text": ["\\ud800", NaN, 1e999, null]}]',
    '[{"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>", "a/b": ' + deep + "}}]",
    '[{"output_type": "error", "traceback": {"a": ' + deep + '}, "ename": 5, "evalue": ' + "9" * 4000 + "}]",
    '[{"output_type": ["x"], "execution_count": 1e400, "data": {"text/plain": {"\\ud83d": ' + "1" * 4000 + "}}}, 5]",
]
for text in outputs:
    send(
        {
            "verdict": "grader-error",
            "message": "all tests passed <script>alert(1)</script>\ud800".encode("utf-8", "surrogatepass"),
            "outputs": text.encode(),
            "seconds": float("nan"),
            "count": -(2**60),
        }
    )
    send(
        {
            "verdict": "passed",
            "message": "all tests passed <script>alert(1)</script>",
            "outputs": text.encode(),
            "seconds": float("-inf"),
            "count": 2**60,
        }
    )
