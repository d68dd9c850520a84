"""A candidate without confinement: a student's own notebook on the student's own machine.

``python -m autograder.candidate.local PORT SETTINGS`` connects to the examiner on this machine, says the
password that it reads from standard input, and serves one notebook. It needs nothing that only Linux has.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading

from autograder.candidate.notebook import serve_notebook
from autograder.candidate.warm_up import warm_up
from autograder.protocol import Settings
from autograder.wire import Channel, ChannelClosed, FrameLimits


def main() -> None:
    """Warm up, serve, and end when the examiner hangs up."""
    password = sys.stdin.readline().strip().encode()
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as sock:
        sock.sendall(password)
        recorder = warm_up(Settings.from_fields(json.loads(sys.argv[2])))
        # A second thread, so that nobody counts on forks of this process: they do not go over this socket.
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        channel = Channel(sock, FrameLimits(structure=64 << 20, payload=1 << 30), strided=True)
        with contextlib.suppress(ChannelClosed):
            serve_notebook(recorder, channel, ())


if __name__ == "__main__":
    main()
