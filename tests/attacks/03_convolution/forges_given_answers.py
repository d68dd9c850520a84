# what: wrong answers to the calls of given cells, and frames that are none; its pictures may be anybody's
# points: <= 1

# % after=setup
from autograder.candidate.cells import Recorder
from autograder.candidate.serve import Server

asked = 0


def forged(self, frames):
    global asked
    asked += 1
    kinds = [
        [b"\x00\x00\x00\x01" + b"\x00" * 8 + b"\x80"] * len(frames),
        [b"\xff" * 5_000_000],
        frames,
        None,
        [b"".join([b"\x00\x00\x00\x20" + b"\x00" * 8, b"\x91" * 31, b"\x90"])] * len(frames),
    ]
    return kinds[asked % len(kinds)]


Server.values = forged
Recorder.quietly = lambda self, do, *, seconds: do()
Recorder.pass_over = lambda self, source: [10**30, "7", -1, {"count": 1}][asked % 4]
