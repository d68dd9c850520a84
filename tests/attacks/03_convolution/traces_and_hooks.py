# what: sets tracers, profilers, hooks, exit handlers and signal handlers that outlive the cell
# points: 16

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
import atexit
import gc
import signal
import sys
import threading

sys.setrecursionlimit(10**6)
sys.setswitchinterval(100)


def trace(frame, event, argument):
    if "hidden" in frame.f_code.co_filename or "reference" in frame.f_locals:
        print("REA" + "CHED", frame.f_code)
    return trace


sys.settrace(trace)
sys.setprofile(trace)
threading.settrace(trace)
atexit.register(print, "REA" + "CHED")
gc.callbacks.append(lambda *args: None)
sys.excepthook = sys.unraisablehook = lambda *args: None
for number in range(1, 65):
    try:
        signal.signal(number, lambda *args: None)
    except (OSError, ValueError):
        pass
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
