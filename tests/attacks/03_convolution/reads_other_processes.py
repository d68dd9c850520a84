# what: looks at, traces and copies from other processes, and takes their descriptors
# points: 0

# %% after=setup
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
mine = {os.getpid(), os.getppid()}
others = [int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) not in mine]
if others:
    print("REA" + "CHED", others)
for pid in (os.getppid(), 1, 2, 3, *others):
    if pid in (0, os.getpid()):
        continue
    if libc.ptrace(16, pid, 0, 0) == 0:
        print("REA" + "CHED", "ptrace", pid)
    for name in ("environ", "mem", "maps", "fd"):
        try:
            os.listdir(f"/proc/{pid}/fd") if name == "fd" else open(f"/proc/{pid}/{name}", "rb").read(1)
            print("REA" + "CHED", pid, name)
        except OSError:
            pass
for descriptor in range(256):
    try:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        continue
    if not path.startswith(("socket:", "pipe:", "/dev/null", "anon_inode", "/scratch", "/proc")) and "memfd" not in path:
        print("REA" + "CHED", descriptor, path)
