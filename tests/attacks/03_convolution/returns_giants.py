# what: returns arrays of 10 GB, a million keys, a bottomless nesting, and numbers of a million digits
# points: 0
# tests: [memory, output, timeout, exception, wrong-type, protocol, not-implemented, missing, failed]

# %% replace=output-size
def output_size(*args, **kwargs):
    return 10**1_000_000


# %% replace=padding-for
def padding_for(*args, **kwargs):
    return 10**2000, -(10**3000)


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    return np.ones((100_000, 100_000, 10))


# %% replace=correlate-1d
def correlate_1d(*args, **kwargs):
    value = []
    for _ in range(100_000):
        value = [value]
    return value


# %% replace=convolve-1d
def convolve_1d(*args, **kwargs):
    value = []
    value.append(value)
    return value


# %% replace=conv2d
def conv2d(*args, **kwargs):
    return {number: str(number) for number in range(1_000_000)}


# %% replace=detect-edges
def detect_edges(*args, **kwargs):
    return np.broadcast_to(np.float64(1), (1 << 20, 1 << 20))


# %% replace=compare-images
def compare_images(*args, **kwargs):
    return (number for number in iter(int, 1))
