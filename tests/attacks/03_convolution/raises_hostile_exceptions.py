# what: exceptions whose text, name, cause or class is a trap
# points: 0

# %% replace=output-size
class Trap(Exception):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__


def output_size(*args, **kwargs):
    raise Trap


# %% replace=padding-for
def padding_for(*args, **kwargs):
    error = ValueError("x" * 10**7)
    error.__cause__ = error.__context__ = error
    raise error


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    raise type("<img src=x onerror=alert(1)>\n\x1b[31m" * 1000, (KeyError,), {"__module__": "builtins"})


# %% replace=correlate-1d
def correlate_1d(*args, **kwargs):
    raise KeyboardInterrupt


# %% replace=convolve-1d
def convolve_1d(*args, **kwargs):
    raise ExceptionGroup("many", [ValueError("kernel"), ExceptionGroup("more", [SystemError()])])


# %% replace=conv2d
def conv2d(*args, **kwargs):
    return conv2d(*args, **kwargs)


# %% replace=convolve-2d
def convolve_2d(*args, **kwargs):
    raise StopIteration("kernel")


# %% replace=detect-edges
def detect_edges(*args, **kwargs):
    raise GeneratorExit


# %% replace=compare-images
def compare_images(*args, **kwargs):
    raise MemoryError
