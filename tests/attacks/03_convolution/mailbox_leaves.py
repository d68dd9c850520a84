# what: leaves messages for the next submission wherever something might stay
# points: 0

# %% after=setup
import ctypes
import os

for folder in ("/tmp", "/var/tmp", "/dev/shm", "/scratch", "/run", "/run/lock", os.path.expanduser("~"), "."):
    try:
        with open(f"{folder}/autograder-mailbox", "w") as file:
            file.write("answer")
    except OSError:
        pass
libc = ctypes.CDLL(None)
libc.shmget(0x4D41494C, 4096, 0o1666)
libc.mq_open(b"/autograder-mailbox", os.O_CREAT | os.O_RDWR, 0o666, None)
libc.syscall(248, b"user", b"autograder-mailbox", b"answer", 6, -4)
np.answer = "answer"
os.nice(0)
