# Right, vectorised.

# %% replace=output-size
def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    for name, value, least in (
        ("input_size", input_size, 1),
        ("kernel_size", kernel_size, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if value < least:
            raise ValueError(f"{name}={value} is below {least}")
    room = input_size + 2 * padding - dilation * (kernel_size - 1) - 1
    if room < 0:
        raise ValueError(f"kernel_size={kernel_size} does not fit")
    return room // stride + 1


# %% replace=padding-for
def padding_for(mode, input_size, kernel_size, stride=1):
    totals = {
        "valid": 0,
        "same": max((np.ceil(input_size / stride).astype(int) - 1) * stride + kernel_size - input_size, 0),
        "full": 2 * (kernel_size - 1),
    }
    if mode not in totals:
        raise ValueError(f"unknown mode {mode!r}")
    return totals[mode] // 2, -(-totals[mode] // 2)


# %% replace=pad-2d
def pad_2d(image, padding):
    return np.pad(image, padding, mode="constant")


# %% replace=correlate-1d
def correlate_1d(signal, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(signal, len(kernel))
    return windows @ kernel


# %% replace=convolve-1d
def convolve_1d(signal, kernel):
    return correlate_1d(signal, kernel[::-1])


# %% replace=conv2d
def conv2d(image, kernel, stride=1, padding=0):
    sr, sc = np.broadcast_to(stride, (2,)).tolist()
    if isinstance(padding, str):
        padding = tuple(padding_for(padding, n, k, s) for n, k, s in zip(image.shape, kernel.shape, (sr, sc)))
    padded = pad_2d(image.astype(np.float64), padding)
    if np.any(np.array(kernel.shape) > np.array(padded.shape)):
        raise ValueError(f"a kernel of shape {kernel.shape} does not fit into {padded.shape}")
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)[::sr, ::sc]
    return np.tensordot(windows, kernel.astype(np.float64), axes=([2, 3], [0, 1]))


# %% replace=convolve-2d
def convolve_2d(image, kernel, stride=1, padding=0):
    return conv2d(image, np.flip(kernel), stride, padding)


# %% replace=kernels
KERNELS = {}
binomial_3, binomial_5 = np.array([1, 2, 1]), np.array([1, 4, 6, 4, 1])
KERNELS["identity"] = np.pad([[1]], 1)
KERNELS["ridge_8"] = 9 * KERNELS["identity"] - np.ones((3, 3))
KERNELS["ridge_4"] = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
KERNELS["sharpen"] = KERNELS["ridge_4"] + KERNELS["identity"]
KERNELS["box_blur"] = np.full((3, 3), 1 / 9)
KERNELS["gaussian_3x3"] = np.outer(binomial_3, binomial_3) / 16
KERNELS["gaussian_5x5"] = np.outer(binomial_5, binomial_5) / 256
KERNELS["sobel_x"] = np.outer(binomial_3, [-1, 0, 1])
KERNELS["sobel_y"] = KERNELS["sobel_x"].T


# %% replace=detect-edges
def detect_edges(image):
    x = np.pad(image.astype(np.float64), 1)
    return 9 * x[1:-1, 1:-1] - np.lib.stride_tricks.sliding_window_view(x, (3, 3)).sum(axis=(2, 3))


# %% replace=compare-images
def compare_images(before, after):
    figure, axes = plt.subplot_mosaic("ba")
    for key, image, title in (("b", before, "before"), ("a", after, "after")):
        figure.colorbar(axes[key].imshow(image), ax=axes[key], shrink=0.5)
        axes[key].set_title(title)
    return figure


# %% replace=explain-flip
# A network that computed convolution would learn every kernel turned by half a turn, and nothing else would
# change. To tell them apart I would use `[[1, 2], [3, 4]]` over a single one; symmetric kernels cannot show it.
