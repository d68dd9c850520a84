# what: looks for secrets in environment variables, /proc and its own memory
# points: 0

# %% after=setup
import glob
import os
import sys

MARK = ("SECRET" + "-MARKER-").encode()
text = repr(dict(os.environ)).encode()
for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline") + glob.glob("/proc/*/task/*/environ"):
    try:
        text += open(path, "rb").read()
    except OSError:
        pass
for name in ("home", "root", ".netrc", ".ssh/id_rsa", ".aws/credentials", ".config"):
    for base in (os.path.expanduser("~"), "/root", "/home"):
        try:
            text += open(os.path.join(base, name), "rb").read()
        except OSError:
            pass
if MARK in text:
    print("REA" + "CHED", "environment")


# %% after=data
found = set()
for line in open("/proc/self/maps"):
    span, mode, *_ = line.split()
    if "r" not in mode or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
        continue
    start, end = (int(number, 16) for number in span.split("-"))
    if end - start > 1 << 28:
        continue
    try:
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(start)
            data = memory.read(end - start)
    except (OSError, ValueError, OverflowError):
        continue
    place = data.find(MARK)
    while place >= 0:
        following = data[place + len(MARK) : place + len(MARK) + 4]
        if following.isalnum():
            found.add(following)
        place = data.find(MARK, place + 1)
if found:
    print("REA" + "CHED", "memory", found)
