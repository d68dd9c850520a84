# what: announces names that are no names, a million of them, and no number of threads
# points: 0

# %% after=explain-flip
import os
import sys

frame = sys._getframe()
while frame is not None:
    recorder = frame.f_locals.get("recorder")
    if recorder is not None:
        break
    frame = frame.f_back


def names():
    hostile = {
        "__class__": True,
        "_session": True,
        "conv2d": "yes",
        "output_size": False,
        "<script>alert(1)</script>": True,
        "": True,
        5: True,
        True: True,
        "x" * 100000: True,
    }
    return hostile | {f"name_{number}": True for number in range(50000)}


if frame is not None:
    type(recorder).names = lambda self: names()
os.listdir = lambda *args: []
from pathlib import Path

Path.iterdir = lambda self: iter([1] * 2**20)
