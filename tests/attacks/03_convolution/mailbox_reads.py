# what: looks for what an earlier submission left
# points: 0

# %% after=setup
import ctypes
import os

for folder in ("/tmp", "/var/tmp", "/dev/shm", "/scratch", "/run", "/run/lock", os.path.expanduser("~"), "."):
    if os.path.exists(f"{folder}/autograder-mailbox"):
        print("REA" + "CHED", folder)
libc = ctypes.CDLL(None)
if libc.shmget(0x4D41494C, 4096, 0o666) >= 0:
    print("REA" + "CHED", "shm")
if libc.mq_open(b"/autograder-mailbox", os.O_RDWR) >= 0:
    print("REA" + "CHED", "mq")
if libc.syscall(250, 10, -4, b"user", b"autograder-mailbox", 0) >= 0:
    print("REA" + "CHED", "key")
if hasattr(np, "answer"):
    print("REA" + "CHED", "module")
