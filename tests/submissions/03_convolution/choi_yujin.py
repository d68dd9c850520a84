# Partly right: no checks, no pairs of strides, no modes, one kernel missing, the last tasks not begun.

# %% replace=output-size
def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return (input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


# %% replace=padding-for
def padding_for(mode, input_size, kernel_size, stride=1):
    if mode == "valid":
        return (0, 0)
    elif mode == "full":
        return (kernel_size - 1, kernel_size - 1)
    elif mode == "same":
        out = input_size // stride
        if input_size % stride != 0:
            out = out + 1
        total = (out - 1) * stride + kernel_size - input_size
        if total < 0:
            total = 0
        before = total // 2
        return (before, total - before)
    else:
        raise ValueError("mode must be valid, same or full")


# %% replace=pad-2d
def pad_2d(image, padding):
    if isinstance(padding, int):
        top = bottom = left = right = padding
    else:
        (top, bottom), (left, right) = padding
    h, w = image.shape
    result = np.zeros((top + h + bottom, left + w + right), dtype=image.dtype)
    for i in range(h):
        for j in range(w):
            result[top + i, left + j] = image[i, j]
    return result


# %% replace=correlate-1d
def correlate_1d(signal, kernel):
    n, k = len(signal), len(kernel)
    result = []
    for t in range(n - k + 1):
        s = 0
        for tau in range(k):
            s = s + kernel[tau] * signal[t + tau]
        result.append(s)
    return np.array(result)


# %% replace=convolve-1d
def convolve_1d(signal, kernel):
    flipped = []
    for value in kernel:
        flipped.insert(0, value)
    return correlate_1d(signal, flipped)


# %% replace=conv2d
def conv2d(image, kernel, stride=1, padding=0):
    padded = pad_2d(image, padding).astype(float)
    h = output_size(padded.shape[0], kernel.shape[0], stride)
    w = output_size(padded.shape[1], kernel.shape[1], stride)
    result = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            y, x = i * stride, j * stride
            result[i, j] = np.sum(padded[y : y + kernel.shape[0], x : x + kernel.shape[1]] * kernel)
    return result


# %% replace=kernels
KERNELS = {}
KERNELS["identity"] = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
KERNELS["ridge_4"] = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
KERNELS["ridge_8"] = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
KERNELS["sharpen"] = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
KERNELS["box_blur"] = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 1]]) / 9
KERNELS["gaussian_3x3"] = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
KERNELS["sobel_x"] = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
KERNELS["sobel_y"] = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
