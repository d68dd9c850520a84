# Right, with SciPy doing the work.

# %% after=setup
from scipy import ndimage, signal as sps


# %% replace=output-size
def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    if input_size < 1:
        raise ValueError("input_size must be 1 or more")
    if kernel_size < 1:
        raise ValueError("kernel_size must be 1 or more")
    if stride < 1:
        raise ValueError("stride must be 1 or more")
    if padding < 0:
        raise ValueError("padding must be 0 or more")
    if dilation < 1:
        raise ValueError("dilation must be 1 or more")
    # 창을 한 칸씩 옮기면서 직접 세어 본다
    count = 0
    start = 0
    while start + dilation * (kernel_size - 1) <= input_size + 2 * padding - 1:
        count = count + 1
        start = start + stride
    if count == 0:
        raise ValueError("kernel_size is too large")
    return count


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
    return np.pad(image, padding)


# %% replace=correlate-1d
def correlate_1d(signal, kernel):
    return sps.correlate(signal, kernel, mode="valid", method="direct")


# %% replace=convolve-1d
def convolve_1d(signal, kernel):
    return sps.convolve(signal, kernel, mode="valid", method="direct")


# %% replace=conv2d
def conv2d(image, kernel, stride=1, padding=0):
    stride = (stride, stride) if np.isscalar(stride) else tuple(stride)
    if isinstance(padding, str):
        padding = [padding_for(padding, image.shape[a], kernel.shape[a], stride[a]) for a in range(2)]
    padded = pad_2d(np.asarray(image, dtype=float), padding)
    # correlate2d swaps its arguments without a word if the kernel is the larger one
    output_size(padded.shape[0], kernel.shape[0])
    output_size(padded.shape[1], kernel.shape[1])
    result = sps.correlate2d(padded, np.asarray(kernel, dtype=float), mode="valid")
    return result[:: stride[0], :: stride[1]]


# %% replace=convolve-2d
def convolve_2d(image, kernel, stride=1, padding=0):
    return conv2d(image, np.rot90(kernel, 2), stride=stride, padding=padding)


# %% replace=kernels
KERNELS = {}
KERNELS["identity"] = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
KERNELS["ridge_4"] = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
KERNELS["ridge_8"] = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
KERNELS["sharpen"] = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
KERNELS["box_blur"] = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 1]]) / 9
KERNELS["gaussian_3x3"] = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
KERNELS["gaussian_5x5"] = (
    np.array([[1, 4, 6, 4, 1], [4, 16, 24, 16, 4], [6, 24, 36, 24, 6], [4, 16, 24, 16, 4], [1, 4, 6, 4, 1]]) / 256
)
KERNELS["sobel_x"] = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
KERNELS["sobel_y"] = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])


# %% replace=detect-edges
def detect_edges(image):
    return ndimage.correlate(image.astype(float), KERNELS["ridge_8"], mode="constant")


# %% replace=compare-images
def compare_images(before, after):
    plt.figure(figsize=(9, 4))
    for place, (picture, title) in enumerate([(before, "Before"), (after, "After")], start=1):
        plt.subplot(1, 2, place)
        plt.imshow(picture, cmap="gray")
        plt.title(title)
    return plt.gcf()


# %% replace=explain-flip
# The weights are learnt, so a flip is learnt along with them. One asymmetric kernel over one bright pixel tells which
# it is; the kernels of the lecture are all symmetric.
