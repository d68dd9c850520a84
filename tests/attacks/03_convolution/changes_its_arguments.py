# what: right results, but the arguments are overwritten before they are returned
# points: <= 34

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


# %% replace=correlate-1d
def correlate_1d(signal, kernel):
    result = np.correlate(signal, kernel, "valid")
    signal[:] = 0
    kernel[:] = 0
    return result


# %% replace=pad-2d
def pad_2d(image, padding):
    padded = np.pad(image, padding)
    image[:] = 77
    return padded
