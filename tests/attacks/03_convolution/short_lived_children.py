# what: the same with children that end before anybody counts them
# points: 0
# cells: [timeout]

# %% after=setup
import os
import signal

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    try:
        for _ in range(8):
            if os.fork() == 0:
                for _ in range(200_000):
                    pass
                os._exit(0)
        for _ in range(200_000):
            pass
    except BaseException:
        pass
