# what: one endless cell after another, each of which swallows its alarm
# points: 0
# cells: [timeout]

# %% after=setup
import signal

signal.setitimer = lambda *args: None
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True:
    pass


# %% after=data
import signal

signal.setitimer = lambda *args: None
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True:
    pass


# %% after=output-size
import signal

signal.setitimer = lambda *args: None
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True:
    pass


# %% after=padding-for
import signal

signal.setitimer = lambda *args: None
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True:
    pass


# %% after=pad-2d
import signal

signal.setitimer = lambda *args: None
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True:
    pass


# %% after=conv2d
import signal

signal.setitimer = lambda *args: None
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True:
    pass


# %% after=kernels
import signal

signal.setitimer = lambda *args: None
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True:
    pass
