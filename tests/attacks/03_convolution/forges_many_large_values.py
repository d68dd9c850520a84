# what: answers every call with as much as a reply may hold, and is asked many times
# points: 0

# %% replace=output-size
def output_size(*args, **kwargs):
    return np.ones(7 << 20, np.uint8)


# %% replace=padding-for
def padding_for(*args, **kwargs):
    return [[0] * 1000] * 1500


# %% replace=conv2d
def conv2d(*args, **kwargs):
    return np.ones((7 << 10, 1 << 10), np.uint8)


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    return [[[[[0] * 20] * 20] * 20] * 20] * 20
