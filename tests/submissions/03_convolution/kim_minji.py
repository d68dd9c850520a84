# Right, with plain loops.

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
    if isinstance(stride, int):
        sr, sc = stride, stride
    else:
        sr, sc = stride
    fh, fw = kernel.shape
    if isinstance(padding, str):
        rows = padding_for(padding, image.shape[0], fh, sr)
        cols = padding_for(padding, image.shape[1], fw, sc)
        padded = pad_2d(image, (rows, cols))
    else:
        padded = pad_2d(image, padding)
    oh = output_size(padded.shape[0], fh, sr)
    ow = output_size(padded.shape[1], fw, sc)
    result = np.zeros((oh, ow))
    for i in range(oh):
        for j in range(ow):
            total = 0.0
            for u in range(fh):
                for v in range(fw):
                    total += float(padded[i * sr + u, j * sc + v]) * float(kernel[u, v])
            result[i, j] = total
    return result


# %% replace=convolve-2d
def convolve_2d(image, kernel, stride=1, padding=0):
    fh, fw = kernel.shape
    turned = np.zeros((fh, fw))
    for u in range(fh):
        for v in range(fw):
            turned[u, v] = kernel[fh - 1 - u, fw - 1 - v]
    return conv2d(image, turned, stride, padding)


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
    return conv2d(image, KERNELS["ridge_8"], padding="same")


# %% replace=compare-images
def compare_images(before, after):
    fig, axes = plt.subplots(1, 2, figsize=(8, 4))
    axes[0].imshow(before, cmap="Greys")
    axes[0].set_title("before")
    axes[1].imshow(after, cmap="Greys")
    axes[1].set_title("after")
    return fig


# %% replace=explain-flip
# CNN은 커널의 값을 학습하기 때문에, 층이 합성곱을 계산하면 뒤집힌 커널을 학습할 뿐 결과는 같다.
# 둘을 구별하려면 [[1, 2], [3, 4]] 같은 비대칭 커널을 한 점만 1인 이미지에 넣어 본다. 커널이 그대로 나오면 합성곱,
# 뒤집혀 나오면 교차상관이다. 강의의 커널은 모두 대칭이라서 구별할 수 없다.
