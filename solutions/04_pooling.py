# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["en"]
# # Week 4 · Pooling, dropout, flatten, and a whole CNN by hand
#
# Last week one kernel slid over one grey image. A real layer has many kernels, and its images have many
# channels. This week you build every layer of the slides' CNN in NumPy:
#
# `Conv2D` → `Conv2D` → `MaxPooling2D` → `Dropout` → `Flatten` → `Dense` → `Dense`
#
# At the end you stack them, and your own forward pass gives the same ten probabilities as Keras.
# Next week Keras does the work; then you will know exactly what it does.
#
# **To run it**, install what it needs once, in its folder: `python -m pip install -r requirements.txt`. Where the
# autograder is installed too, a new first cell with `%load_ext autograder` brings `%check`, and digits without a network.

# %% [markdown] tags=["ko"]
# # 4주차 · 풀링, 드롭아웃, 플래튼, 그리고 손으로 만드는 CNN
#
# 지난주에는 커널 하나가 흑백 이미지 하나 위를 움직였습니다. 실제 층에는 커널이 여러 개 있고, 이미지에도 채널이
# 여러 개 있습니다. 이번 주에는 슬라이드의 CNN을 이루는 모든 층을 NumPy로 만듭니다.
#
# `Conv2D` → `Conv2D` → `MaxPooling2D` → `Dropout` → `Flatten` → `Dense` → `Dense`
#
# 마지막에는 이 층들을 쌓습니다. 여러분이 만든 순전파가 Keras와 똑같은 확률 10개를 내놓을 것입니다.
# 다음 주에는 Keras가 이 일을 대신합니다. 그때 여러분은 Keras가 무엇을 하는지 정확히 알고 있을 것입니다.
#
# **실행하려면** 이 폴더에서 `python -m pip install -r requirements.txt`를 한 번 실행해 필요한 것을 설치하세요. 채점기도
# 설치했다면 맨 앞에 새 셀을 만들어 `%load_ext autograder`를 실행하세요. `%check`를 쓸 수 있고, 네트워크가 없어도 숫자
# 이미지를 불러옵니다.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false}
import matplotlib.pyplot as plt
import numpy as np


def check(function, *args, expected, tolerance=1e-6, **kwargs):
    """Call a function, compare, and say what was called, what came back and what was expected."""
    words = [repr(a) for a in args] + [f"{name}={value!r}" for name, value in kwargs.items()]
    call = f"{function.__name__}({', '.join(words)})"
    actual = function(*args, **kwargs)
    if isinstance(expected, str):
        same = actual == expected
    else:
        same = np.shape(actual) == np.shape(expected) and np.allclose(actual, expected, atol=tolerance)
    message = f"{call}\n  came back: {actual!r}\n  expected:  {expected!r}"
    assert same, message
    print("ok  " + call.splitlines()[0])


# %% [markdown] tags=["en"]
# ## The data and its four axes
#
# From now on an array of images has **four axes, (N, H, W, C)**: image, row, column, channel. Keras calls
# this order *channels last*; it is also known as NHWC. A grey digit has one channel. Behind a layer with
# 32 kernels there are 32 channels, one *feature map* for each kernel.

# %% [markdown] tags=["ko"]
# ## 데이터와 네 개의 축
#
# 이제부터 이미지 배열은 **축이 네 개, (N, H, W, C)** 입니다. 순서대로 이미지, 행, 열, 채널입니다. Keras는 이 순서를
# *channels last*라고 부르고, NHWC라고도 합니다. 흑백 숫자 이미지는 채널이 하나입니다. 커널이 32개인 층을 지나면
# 채널이 32개가 되고, 채널 하나하나가 커널 하나의 *특징 맵(feature map)* 입니다.

# %% nbgrader={"grade": false, "grade_id": "data", "locked": true, "schema_version": 3, "solution": false}
from keras.datasets import mnist

(x_train, y_train), (x_test, y_test) = mnist.load_data()

digits = x_train[..., np.newaxis] / 255.0
print("as loaded:    ", x_train.shape, x_train.dtype)
print("as the layers want them:", digits.shape, digits.dtype)

# %% [markdown] tags=["en"]
# ## Tools from earlier weeks
#
# Copy your own `relu` and `softmax` (week 2) and `padding_for` (week 3) into the cell below; this week needs
# only `'valid'` and `'same'`. As a reminder, `'same'` makes $\lceil n/s \rceil$ windows. For that it adds
# $\max\big((\lceil n/s \rceil - 1)\,s + k - n,\; 0\big)$ cells, half of them before, and **after** gets the odd one.
#
# New is `window_bounds`: where do the windows lie along one axis? It cuts a window off where the image ends.
# With size 5, window 3, stride 2 and `'same'`, one cell is added at each end. The windows would be
# −1…1, 1…3 and 3…5, and inside the image that leaves `(0, 2)`, `(1, 4)`, `(3, 5)` (stop not included).
#
# These tools carry no points. Use them, change them, or do without.

# %% [markdown] tags=["ko"]
# ## 지난 주차의 도구
#
# 아래 셀에 여러분이 만든 `relu`와 `softmax`(2주차), `padding_for`(3주차)를 복사해 넣으세요. 이번 주에는 `'valid'`와
# `'same'`만 필요합니다. 다시 떠올려 보면 `'same'`은 창을 $\lceil n/s \rceil$개 만듭니다. 그러기 위해
# $\max\big((\lceil n/s \rceil - 1)\,s + k - n,\; 0\big)$칸을 덧대는데, 절반은 앞에 두고 홀수로 남는 한 칸은 **뒤**에 둡니다.
#
# 새로운 도구는 `window_bounds`입니다. 한 축에서 창들이 어디에 놓이는지 알려 주고, 이미지 밖으로 나간 부분은 잘라 냅니다.
# 크기 5, 창 3, 스트라이드 2, `'same'`이면 양 끝에 한 칸씩 덧댑니다. 창은 −1…1, 1…3, 3…5가 되고, 이미지 안에 남는
# 부분은 `(0, 2)`, `(1, 4)`, `(3, 5)`입니다(끝은 포함하지 않음).
#
# 이 도구들에는 점수가 없습니다. 그대로 써도, 고쳐도, 쓰지 않아도 됩니다.


# %% nbgrader={"grade": false, "grade_id": "tools", "locked": false, "schema_version": 3, "solution": true}
def relu(z):
    """max(z, 0), elementwise; an array of any shape."""
    ### BEGIN SOLUTION
    return np.maximum(z, 0)
    ### END SOLUTION


def softmax(logits):
    """Row-wise probabilities of logits (N, classes), stable for large logits."""
    ### BEGIN SOLUTION
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    ### END SOLUTION


def padding_for(mode, input_size, kernel_size, stride=1):
    """Cells to add `(before, after)` along one axis for 'valid' or 'same' (Keras's rule)."""
    ### BEGIN SOLUTION
    if mode == "valid":
        return 0, 0
    if mode == "same":
        windows = -(-input_size // stride)
        total = max((windows - 1) * stride + kernel_size - input_size, 0)
        return total // 2, total - total // 2
    raise ValueError(f"mode must be 'valid' or 'same', got {mode!r}")
    ### END SOLUTION


def window_bounds(size, window, stride, padding):
    """Start and stop of every window along one axis, cut off at the border of the image.

    Args:
        size: number of cells along the axis.
        window: number of cells a window covers.
        stride: step from window to window.
        padding: 'valid' (whole windows only) or 'same' (Keras's rule).

    Returns:
        list of (start, stop) with 0 <= start < stop <= size.
    """
    ### BEGIN SOLUTION
    before, after = padding_for(padding, size, window, stride)
    starts = range(-before, size + after - window + 1, stride)
    return [(max(start, 0), min(start + window, size)) for start in starts]
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "tools-check", "locked": true, "schema_version": 3, "solution": false}
check(padding_for, "same", 5, 3, stride=2, expected=(1, 1))
check(padding_for, "same", 6, 3, stride=2, expected=(0, 1))
check(window_bounds, 5, 2, 2, "valid", expected=[(0, 2), (2, 4)])
check(window_bounds, 5, 3, 2, "same", expected=[(0, 2), (1, 4), (3, 5)])


# %% nbgrader={"grade": false, "grade_id": "helpers", "locked": true, "schema_version": 3, "solution": false}
def as_pair(value):
    """3 -> (3, 3) and (2, 3) -> (2, 3): sizes and strides may be given either way."""
    return (value, value) if np.isscalar(value) else tuple(value)


def draw_numbers(axes, matrix, colours, title):
    """Draw a matrix as a table of numbers; `colours` (same shape) picks each cell's background."""
    axes.imshow(colours, cmap="Pastel1", vmin=0, vmax=8)
    for (row, column), number in np.ndenumerate(matrix):
        axes.text(column, row, f"{number:g}", ha="center", va="center", fontsize=14)
    axes.set_title(title)
    axes.set_xticks([])
    axes.set_yticks([])


def draw_images(images, titles, columns=4, size=2.2):
    """Draw 2-D arrays side by side, dark = large."""
    rows = -(-len(images) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(size * columns, size * 1.15 * rows), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, image, title in zip(grid.flat, images, titles, strict=False):
        axes.imshow(image, cmap="Greys")
        axes.set_title(title, fontsize=9)
    figure.tight_layout()
    plt.show()


# %% [markdown] tags=["en"]
# ## 1. Max pooling: is the feature there?
#
# A feature map says where a feature was found, pixel by pixel. That is more than we need, and it is large.
# Pooling (also called subsampling) keeps **one number for each window**. *Max pooling* keeps the largest: "the
# feature was seen somewhere in this window". A digit that moves by a pixel often pools to nearly the same map.
#
# This is the slide's example, with windows of 2×2 that do not overlap.

# %% [markdown] tags=["ko"]
# ## 1. 맥스 풀링: 특징이 있는가?
#
# 특징 맵은 특징이 어디에서 나왔는지를 픽셀 단위로 알려 줍니다. 필요 이상으로 자세하고, 크기도 큽니다.
# 풀링(서브샘플링이라고도 합니다)은 **창마다 숫자 하나**만 남깁니다. *맥스 풀링*은 가장 큰 값을 남깁니다. "이 창
# 어딘가에서 특징이 보였다"는 뜻입니다. 숫자가 한 픽셀쯤 움직여도 풀링 결과는 거의 같을 때가 많습니다.
#
# 아래는 슬라이드의 예입니다. 2×2 창이 서로 겹치지 않습니다.

# %% nbgrader={"grade": false, "grade_id": "slide-example", "locked": true, "schema_version": 3, "solution": false}
slide = np.array([[1, 0, 1, 0], [0, 4, 2, 0], [0, 1, 6, 1], [0, 0, 1, 0]])
window_colours = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]])

# %% nbgrader={"grade": false, "grade_id": "picture-slide-example", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
figure, (left, right) = plt.subplots(1, 2, figsize=(6, 3))
draw_numbers(left, slide, window_colours, "4 windows of 2×2")
draw_numbers(right, np.array([[4, 2], [1, 6]]), np.array([[0, 1], [2, 3]]), "the largest of each")
plt.show()

# %% [markdown] tags=["en"]
# **Three things to know before you start**
#
# - The slide says that pooling by 2 halves the size. That holds for even sizes. With `'valid'`, only whole
#   windows count: 5 rows give 2, and the last row is left out. With `'same'`, 5 rows give 3, because the last
#   window hangs over the edge.
# - Where a window hangs over the edge, only the cells inside the image count. A padded 0 must never win: the
#   maximum of `[-3, -1]` is −1, padding or not.
# - `strides` is the step from window to window. Left out, it equals `pool_size`. A smaller step makes windows overlap.
#
# Every image and every channel is pooled on its own.
#
# **Your task:** write `max_pool_2d`. Two loops over the windows are enough: `x[:, top:bottom, left:right, :]`
# is the window of *all* images and channels at once.

# %% [markdown] tags=["ko"]
# **시작하기 전에 알아 둘 세 가지**
#
# - 슬라이드에는 2로 풀링하면 크기가 절반이 된다고 되어 있습니다. 크기가 짝수일 때 맞는 말입니다. `'valid'`에서는 온전한
#   창만 셉니다. 5행은 2행이 되고 마지막 행은 버려집니다. `'same'`에서는 마지막 창이 가장자리 밖으로 나가므로 5행이 3행이 됩니다.
# - 창이 가장자리 밖으로 나가면 이미지 안에 있는 칸만 셉니다. 덧댄 0이 최댓값이 되어서는 안 됩니다.
#   `[-3, -1]`의 최댓값은 패딩이 있든 없든 −1입니다.
# - `strides`는 창에서 다음 창까지의 간격입니다. 주지 않으면 `pool_size`와 같습니다. 더 작으면 창이 서로 겹칩니다.
#
# 이미지마다, 채널마다 따로 풀링합니다.
#
# **과제:** `max_pool_2d`를 작성하세요. 창을 도는 반복문 두 개면 충분합니다. `x[:, top:bottom, left:right, :]`는
# *모든* 이미지와 채널의 창을 한꺼번에 꺼냅니다.


# %% nbgrader={"grade": false, "grade_id": "max-pool-2d", "locked": false, "schema_version": 3, "solution": true}
def max_pool_2d(x, pool_size=2, strides=None, padding="valid"):
    """The largest value of every window, for each image and each channel on its own.

    Args:
        x: array (N, H, W, C) of any real dtype; it is not changed.
        pool_size: int or (rows, columns), the size of a window.
        strides: int or (rows, columns), the step from window to window; None means `pool_size`.
        padding: 'valid' keeps whole windows only; 'same' gives ceil(H / stride) rows and
            ceil(W / stride) columns, as Keras does, and padding is never the maximum.

    Returns:
        a new array (N, rows, columns, C) with the dtype of `x`.
    """
    ### BEGIN SOLUTION
    window_rows, window_columns = as_pair(pool_size)
    row_step, column_step = as_pair(pool_size if strides is None else strides)
    images, height, width, channels = x.shape
    rows = window_bounds(height, window_rows, row_step, padding)
    columns = window_bounds(width, window_columns, column_step, padding)
    pooled = np.empty((images, len(rows), len(columns), channels), dtype=x.dtype)
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            pooled[:, i, j, :] = x[:, top:bottom, left:right, :].max(axis=(1, 2))
    return pooled
    ### END SOLUTION


# %% [markdown] tags=["en"]
# A real digit, pooled once and twice: 28×28 → 14×14 → 7×7. A sixteenth of the numbers is left,
# and the shape is still there.

# %% [markdown] tags=["ko"]
# 실제 숫자를 한 번, 두 번 풀링해 봅시다. 28×28 → 14×14 → 7×7. 값의 개수는 16분의 1로
# 줄었지만 모양은 아직 남아 있습니다.

# %% nbgrader={"grade": false, "grade_id": "picture-max-pool", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
once = max_pool_2d(digits[:1])
twice = max_pool_2d(once)
draw_images(
    [digits[0, :, :, 0], once[0, :, :, 0], twice[0, :, :, 0]],
    [
        f"label {y_train[0]}: 28×28",
        f"pooled: {once.shape[1]}×{once.shape[2]}",
        f"again: {twice.shape[1]}×{twice.shape[2]}",
    ],
    columns=3,
)

# %% nbgrader={"grade": true, "grade_id": "test-max-pool-slide", "locked": true, "points": 10, "schema_version": 3, "solution": false}
example = np.array([[1, 0, 1, 0], [0, 4, 2, 0], [0, 1, 6, 1], [0, 0, 1, 0]]).reshape(1, 4, 4, 1)
check(max_pool_2d, example, expected=np.array([[4, 2], [1, 6]]).reshape(1, 2, 2, 1))

# Negative numbers have a largest one too, and the fifth column belongs to no whole window.
signed = np.array([[-3, -1, -8, -2, 9], [-5, -4, -6, -7, 9]]).reshape(1, 2, 5, 1)
check(max_pool_2d, signed, expected=np.array([[-1, -2]]).reshape(1, 1, 2, 1))

kind = max_pool_2d(example.astype(np.uint8)).dtype
assert kind == np.uint8, f"dtype for a uint8 image\n  came back: {kind}\n  expected:  uint8"

# %% nbgrader={"grade": true, "grade_id": "test-max-pool-strides", "locked": true, "points": 8, "schema_version": 3, "solution": false}
row = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0]).reshape(1, 1, 7, 1)
check(max_pool_2d, row, (1, 3), expected=np.array([4.0, 9.0]).reshape(1, 1, 2, 1))
check(max_pool_2d, row, (1, 3), 1, expected=np.array([4.0, 4.0, 4.0, 9.0, 9.0]).reshape(1, 1, 5, 1))
check(max_pool_2d, row, (1, 2), (1, 3), expected=np.array([3.0, 1.0]).reshape(1, 1, 2, 1))

# %% nbgrader={"grade": true, "grade_id": "test-max-pool-same", "locked": true, "points": 8, "schema_version": 3, "solution": false}
below_zero = np.array([[-3, -1, -8], [-5, -4, -6], [-9, -7, -2]]).reshape(1, 3, 3, 1)
check(max_pool_2d, below_zero, padding="same", expected=np.array([[-1, -6], [-7, -2]]).reshape(1, 2, 2, 1))

# %% [markdown] tags=["en"]
# ## 2. Average pooling: how much of the feature is there?
#
# *Average pooling* keeps the mean of each window. It is gentler: a single bright pixel counts only as much as
# its share. On the slide's example the windows have the means 1.25, 0.75, 0.25 and 2.
#
# With `'same'`, cells outside the image do not count: neither in the sum nor in the number you divide by.
# A mean is rarely whole, so the result is always float64, and integer images must not overflow on the way
# (in `uint8`, 200 + 100 is 44).
#
# **Your task:** write `avg_pool_2d`. Everything but the last step is as before.

# %% [markdown] tags=["ko"]
# ## 2. 평균 풀링: 특징이 얼마나 있는가?
#
# *평균 풀링*은 창마다 평균을 남깁니다. 더 부드러워서, 밝은 픽셀 하나는 자기 몫만큼만 반영됩니다. 슬라이드의 예에서
# 각 창의 평균은 1.25, 0.75, 0.25, 2입니다.
#
# `'same'`에서 이미지 밖의 칸은 세지 않습니다. 합에도 넣지 않고, 나누는 개수에도 넣지 않습니다. 평균은 정수로 떨어지지
# 않는 경우가 많으므로 결과는 언제나 float64이고, 정수 이미지라도 계산 도중에 넘치면 안 됩니다(`uint8`에서는 200 + 100이
# 44가 됩니다).
#
# **과제:** `avg_pool_2d`를 작성하세요. 마지막 단계만 빼면 앞의 과제와 같습니다.


# %% nbgrader={"grade": false, "grade_id": "avg-pool-2d", "locked": false, "schema_version": 3, "solution": true}
def avg_pool_2d(x, pool_size=2, strides=None, padding="valid"):
    """The mean of every window, for each image and each channel on its own.

    Args:
        x: array (N, H, W, C) of any real dtype; it is not changed.
        pool_size: int or (rows, columns), the size of a window.
        strides: int or (rows, columns), the step from window to window; None means `pool_size`.
        padding: 'valid' or 'same' as in `max_pool_2d`; padding is not counted in the mean.

    Returns:
        a new float64 array (N, rows, columns, C).
    """
    ### BEGIN SOLUTION
    window_rows, window_columns = as_pair(pool_size)
    row_step, column_step = as_pair(pool_size if strides is None else strides)
    images, height, width, channels = x.shape
    rows = window_bounds(height, window_rows, row_step, padding)
    columns = window_bounds(width, window_columns, column_step, padding)
    pooled = np.empty((images, len(rows), len(columns), channels))
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            pooled[:, i, j, :] = x[:, top:bottom, left:right, :].mean(axis=(1, 2), dtype=np.float64)
    return pooled
    ### END SOLUTION


# %% [markdown] tags=["en"]
# The same digit under both. Max pooling makes strokes thicker, average pooling makes them paler.

# %% [markdown] tags=["ko"]
# 같은 숫자에 두 가지 풀링을 해 봅시다. 맥스 풀링은 획을 굵게 만들고, 평균 풀링은 획을 흐리게 만듭니다.

# %% nbgrader={"grade": false, "grade_id": "picture-avg-pool", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
largest = max_pool_2d(digits[1:2], 3)
mean = avg_pool_2d(digits[1:2], 3)
draw_images(
    [digits[1, :, :, 0], largest[0, :, :, 0], mean[0, :, :, 0]],
    ["28×28", "max of each 3×3", "mean of each 3×3"],
    columns=3,
)

# %% nbgrader={"grade": true, "grade_id": "test-avg-pool-mean", "locked": true, "points": 8, "schema_version": 3, "solution": false}
example = np.array([[1, 0, 1, 0], [0, 4, 2, 0], [0, 1, 6, 1], [0, 0, 1, 0]]).reshape(1, 4, 4, 1)
check(avg_pool_2d, example, expected=np.array([[1.25, 0.75], [0.25, 2.0]]).reshape(1, 2, 2, 1))

row = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0]).reshape(1, 1, 7, 1)
check(avg_pool_2d, row, (1, 3), expected=np.array([2.0, 5 / 3]).reshape(1, 1, 2, 1))

kind = avg_pool_2d(example).dtype
assert kind == np.float64, f"dtype for an integer image\n  came back: {kind}\n  expected:  float64"

# %% nbgrader={"grade": true, "grade_id": "test-avg-pool-same", "locked": true, "points": 6, "schema_version": 3, "solution": false}
three = np.array([[2.0, 4.0, 6.0], [8.0, 2.0, 0.0], [1.0, 5.0, 7.0]]).reshape(1, 3, 3, 1)
check(avg_pool_2d, three, padding="same", expected=np.array([[4.0, 3.0], [3.0, 7.0]]).reshape(1, 2, 2, 1))

# %% [markdown] tags=["en"]
# ## 3. Dropout: do not rely on one neighbour
#
# A network may learn the training images by heart: one node watches for one pattern, and the rest lean on it.
# *Dropout* makes that impossible. In every training step it **switches off** each value with probability
# `rate`, drawn afresh, so that no node can count on any other.
#
# The slide says that `Dropout(0.25)` turns off 25 % of the nodes. Two things complete the sentence:
#
# - **Only during training.** When the network predicts, all nodes work; dropout then changes nothing.
# - **Those that stay become larger**, by $1/(1-\text{rate})$. With a quarter switched off, the next layer would
#   receive only 0.75 of its usual sum; $0.75 \cdot \frac{1}{0.75} = 1$ puts that right *on average*. This is
#   called **inverted dropout**, and it is what Keras does.
#
# A worked example with `rate = 0.25`: `[2, -1, 4, 3]` may become `[2.67, -1.33, 0, 4]`, or `[0, 0, 5.33, 4]`
# the next time. And 25 % holds on average: sometimes one of four is dropped, sometimes two, sometimes none.
#
# **Your task:** write `dropout`. Draw from the generator `rng` that you are given (`rng.random(shape)` gives
# numbers in [0, 1)). Then the same seed gives the same result, and nobody else's random numbers are disturbed.

# %% [markdown] tags=["ko"]
# ## 3. 드롭아웃: 이웃 하나에 기대지 않기
#
# 신경망은 학습 이미지를 통째로 외워 버릴 수 있습니다. 한 노드가 한 가지 무늬만 보고, 나머지는 그 노드에 기대는 것이지요.
# *드롭아웃*은 그것을 막습니다. 학습 단계마다 각 값을 확률 `rate`로 **끄고**, 매번 새로 뽑습니다. 그래서 어떤 노드도
# 다른 노드에 기댈 수 없습니다.
#
# 슬라이드에는 `Dropout(0.25)`가 25%의 노드를 끈다고 되어 있습니다. 두 가지를 더하면 완전한 설명이 됩니다.
#
# - **학습할 때만** 끕니다. 예측할 때는 모든 노드가 일하고, 드롭아웃은 아무것도 바꾸지 않습니다.
# - **남은 값은** $1/(1-\text{rate})$**배로 커집니다.** 4분의 1을 끄면 다음 층은 평소 합의 0.75만 받게 됩니다.
#   $0.75 \cdot \frac{1}{0.75} = 1$이므로 *평균적으로* 원래대로 돌아옵니다. 이것을 **역 드롭아웃(inverted dropout)** 이라고
#   하며, Keras도 이렇게 합니다.
#
# `rate = 0.25`인 예를 봅시다. `[2, -1, 4, 3]`은 `[2.67, -1.33, 0, 4]`가 될 수도 있고, 다음번에는 `[0, 0, 5.33, 4]`가
# 될 수도 있습니다. 25%는 평균입니다. 넷 중 하나가 꺼지기도 하고, 둘이 꺼지거나 하나도 안 꺼지기도 합니다.
#
# **과제:** `dropout`을 작성하세요. 난수는 인자로 받은 생성기 `rng`에서 뽑으세요(`rng.random(shape)`은 [0, 1)의 수를
# 줍니다). 그래야 같은 시드에서 같은 결과가 나오고, 다른 코드의 난수를 건드리지 않습니다.


# %% nbgrader={"grade": false, "grade_id": "dropout", "locked": false, "schema_version": 3, "solution": true}
def dropout(x, rate, training, rng):
    """Inverted dropout: in training, switch values off at random and enlarge the others.

    Args:
        x: float array of any shape; it is not changed.
        rate: probability that a value is switched off, 0 <= rate < 1.
        training: True while training; False when predicting, where `x` comes back as it is.
        rng: `numpy.random.Generator`, the only source of randomness.

    Returns:
        array of the shape of `x`; in training each value, independently, is 0 with probability
        `rate` and otherwise the value of `x` times 1 / (1 - rate).

    Raises:
        ValueError: names `rate` unless 0 <= rate < 1, in training or not.
    """
    ### BEGIN SOLUTION
    if not 0 <= rate < 1:
        raise ValueError(f"rate must be at least 0 and below 1, got {rate}")
    if not training or rate == 0:
        return x
    kept = rng.random(x.shape) >= rate
    return np.where(kept, x / (1 - rate), 0.0)
    ### END SOLUTION


# %% [markdown] tags=["en"]
# Above, dropout on a digit; below, on 128 values that are all 1, as if they were the 128 nodes of a hidden
# layer. The more are switched off, the darker the survivors, and the mean stays near 1.

# %% [markdown] tags=["ko"]
# 위는 숫자 이미지에 드롭아웃을 한 것이고, 아래는 모두 1인 값 128개에 한 것입니다. 은닉층의 노드 128개라고 생각하세요.
# 많이 끌수록 남은 값은 진해지고, 평균은 1 근처에 머뭅니다.

# %% nbgrader={"grade": false, "grade_id": "picture-dropout", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
rates = [0.0, 0.25, 0.5, 0.75]
rng = np.random.default_rng(4)
digits_after = [dropout(digits[0, :, :, 0], rate, True, rng) for rate in rates]
all_nodes_after = [dropout(np.ones((8, 16)), rate, True, rng) for rate in rates]

figure, grid = plt.subplots(2, 4, figsize=(9, 4.4))
for column, rate in enumerate(rates):
    digit_after, nodes_after = digits_after[column], all_nodes_after[column]
    grid[0, column].imshow(digit_after, cmap="Greys", vmin=0, vmax=4)
    grid[0, column].set_title(f"rate {rate:.2f}")
    grid[1, column].imshow(nodes_after, cmap="Greys", vmin=0, vmax=4)
    grid[1, column].set_title(f"{np.mean(nodes_after == 0):.0%} off, mean {nodes_after.mean():.2f}", fontsize=9)
for axes in grid.flat:
    axes.set_xticks([])
    axes.set_yticks([])
figure.tight_layout()
plt.show()

# %% nbgrader={"grade": true, "grade_id": "test-dropout-inference", "locked": true, "points": 6, "schema_version": 3, "solution": false}
check(dropout, np.array([2.0, -1.0, 4.0]), 0.25, False, np.random.default_rng(1), expected=[2.0, -1.0, 4.0])
check(dropout, np.array([2.0, -1.0, 4.0]), 0.0, True, np.random.default_rng(1), expected=[2.0, -1.0, 4.0])

# %% nbgrader={"grade": true, "grade_id": "test-dropout-training", "locked": true, "points": 10, "schema_version": 3, "solution": false}
many = np.full((50, 200), 3.0)
after = dropout(many, 0.25, True, np.random.default_rng(1))
call = "dropout(10,000 values of 3, 0.25, True, rng)"
off = np.mean(after == 0)
assert 0.22 < off < 0.28, f"{call}: share switched off\n  came back: {off:.3f}\n  expected:  about 0.25"
values = np.unique(np.round(after, 6)).tolist()
message = f"{call}: values that occur\n  came back: {values[:5]}\n  expected:  [0.0, 4.0], as 3 / 0.75 = 4"
assert len(values) == 2 and np.allclose(values, [0, 4]), message

again = dropout(many, 0.25, True, np.random.default_rng(1))
message = f"{call}\n  came back: two different results for the same seed\n  expected:  the same result"
assert np.array_equal(after, again), message
print("ok  dropout in training")

# %% nbgrader={"grade": true, "grade_id": "test-dropout-rate", "locked": true, "points": 4, "schema_version": 3, "solution": false}
try:
    result = dropout(np.ones(3), 1.0, True, np.random.default_rng(1))
except ValueError as error:
    assert "rate" in str(error).lower(), f"the message should name the argument rate\n  came back: {str(error)!r}"
    print("ok  dropout with rate 1.0 raises ValueError:", error)
else:
    message = f"dropout(ones, 1.0, True, rng)\n  came back: {result!r}\n  expected:  ValueError that names rate"
    raise AssertionError(message)

# %% [markdown] tags=["en"]
# ## 4. Flatten: from maps to a row of numbers
#
# A dense layer wants one row of numbers for each image. `Flatten` lays the feature maps out in a row.
# The slide speaks of turning 2-D into 1-D. More exactly: all axes of *one image* become one, and the **batch axis
# stays**: (N, 12, 12, 64) becomes (N, 9216). Without it, the pixels of different images would get mixed up.
# (The slide's reason, "for a layer with an activation function", means the dense layer. An activation
# itself takes any shape; the product `x @ weights` is what needs rows.)
#
# The order is row-major, as everywhere in NumPy: the last axis runs fastest. So the channels of the first pixel
# come first, then those of the second. Any fixed order would do for learning, but weights trained in Keras
# fit only Keras's order.
#
# **Your task:** write `flatten`.

# %% [markdown] tags=["ko"]
# ## 4. 플래튼: 특징 맵을 숫자 한 줄로
#
# 완전 연결 층은 이미지마다 숫자 한 줄을 받습니다. `Flatten`은 특징 맵을 한 줄로 폅니다. 슬라이드에는 2차원을 1차원으로
# 바꾼다고 되어 있습니다. 더 정확히 말하면 *이미지 하나*의 축들이 하나로 합쳐지고 **배치 축은 그대로 남습니다.**
# (N, 12, 12, 64)는 (N, 9216)이 됩니다. 배치 축이 없으면 서로 다른 이미지의 픽셀이 뒤섞입니다.
# (슬라이드의 이유 "활성화 함수가 있는 층에서 사용하기 위해"는 완전 연결 층을 가리킵니다. 활성화 함수 자체는 어떤 모양이든
# 받습니다. 한 줄이 필요한 것은 행렬 곱 `x @ weights`입니다.)
#
# 순서는 NumPy에서 늘 그렇듯 행 우선(row-major)이고, 마지막 축이 가장 빨리 변합니다. 그래서 첫 픽셀의 채널들이 먼저 오고,
# 그다음에 둘째 픽셀의 채널들이 옵니다. 학습만 생각하면 정해진 순서이기만 하면 됩니다. 하지만 Keras에서 학습한 가중치는
# Keras의 순서에만 맞습니다.
#
# **과제:** `flatten`을 작성하세요.


# %% nbgrader={"grade": false, "grade_id": "flatten", "locked": false, "schema_version": 3, "solution": true}
def flatten(x):
    """One row for each image: (N, ...) -> (N, product of the other axes), row-major.

    Args:
        x: array with two axes or more, of any real dtype, the first axis the batch; it is not changed.

    Returns:
        array (N, F) with the values of `x`.
    """
    ### BEGIN SOLUTION
    return x.reshape(len(x), -1)
    ### END SOLUTION


# %% [markdown] tags=["en"]
# Where does each cell of a 2×3 image with two channels land in the row? The number in a cell is its place.

# %% [markdown] tags=["ko"]
# 채널이 두 개인 2×3 이미지의 각 칸은 줄의 어디로 갈까요? 칸 안의 숫자가 그 자리입니다.

# %% nbgrader={"grade": false, "grade_id": "picture-flatten", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
cells = np.arange(12).reshape(1, 2, 3, 2)
places = np.argsort(flatten(cells)[0]).reshape(2, 3, 2)
figure, (left, right) = plt.subplots(1, 2, figsize=(6, 2.4))
draw_numbers(left, places[:, :, 0], np.full((2, 3), 1), "channel 0")
draw_numbers(right, places[:, :, 1], np.full((2, 3), 2), "channel 1")
plt.show()

# %% nbgrader={"grade": true, "grade_id": "test-flatten", "locked": true, "points": 6, "schema_version": 3, "solution": false}
check(flatten, np.arange(12).reshape(2, 3, 2), expected=[[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])
came = flatten(np.zeros((3, 12, 12, 64))).shape
message = f"shape of flatten(zeros of shape (3, 12, 12, 64))\n  came back: {came}\n  expected:  (3, 9216)"
assert came == (3, 9216), message

# %% [markdown] tags=["en"]
# ## 5. A convolution layer: many kernels, many channels
#
# Two steps lead from last week's `conv2d` to Keras's `Conv2D(32, (3, 3))`.
#
# - **Channels in.** If the image has `Cin` channels, so has the kernel: it is a small block (FH, FW, Cin). The
#   products over rows, columns **and channels** all go into one sum. A kernel never slides along the channels.
# - **Filters out.** The layer has `Cout` such blocks. Each makes one feature map, and the maps become
#   the channels of the result. All kernels together are one array **(FH, FW, Cin, Cout)**.
#
# Each filter has one number more, its **bias**, added once to every cell of its map:
#
# $$y[n,i,j,o] = b[o] + \sum_{r}\sum_{c}\sum_{k} x[n,\; i s + r,\; j s + c,\; k]\cdot w[r, c, k, o]$$
#
# *A worked example.* One pixel with the channels (2, 3, −1), and a 1×1 kernel with the weights (10, 1, 4):
# 2·10 + 3·1 − 1·4 = 19. With bias 0.5 the answer is 19.5, one number out of three channels.
#
# As in Keras, the kernel is not flipped, and with `'same'` zeros are added around the image by last week's rule.
#
# **Your task:** write `conv2d_layer`. Loop over the places (i, j). There, `np.tensordot(window, kernels, axes=3)`
# multiplies windows (N, FH, FW, Cin) with the kernels and sums over their three shared axes; what is left is (N, Cout).

# %% [markdown] tags=["ko"]
# ## 5. 합성곱 층: 여러 커널, 여러 채널
#
# 지난주의 `conv2d`에서 두 걸음만 더 가면 Keras의 `Conv2D(32, (3, 3))`입니다.
#
# - **입력 채널.** 이미지의 채널이 `Cin`개면 커널의 채널도 `Cin`개입니다. 커널은 작은 덩어리 (FH, FW, Cin)입니다. 행, 열,
#   **그리고 채널** 방향의 곱을 모두 더해 숫자 하나를 만듭니다. 커널은 채널 방향으로는 움직이지 않습니다.
# - **출력 필터.** 층에는 이런 덩어리가 `Cout`개 있습니다. 하나가 특징 맵 하나를 만들고, 그 맵들이 결과의 채널이 됩니다.
#   모든 커널을 합치면 배열 하나 **(FH, FW, Cin, Cout)** 입니다.
#
# 필터마다 숫자가 하나 더 있습니다. **편향(bias)** 이라고 하고, 그 맵의 모든 칸에 한 번씩 더합니다.
#
# $$y[n,i,j,o] = b[o] + \sum_{r}\sum_{c}\sum_{k} x[n,\; i s + r,\; j s + c,\; k]\cdot w[r, c, k, o]$$
#
# *예를 들어 봅시다.* 채널 값이 (2, 3, −1)인 픽셀 하나와 가중치가 (10, 1, 4)인 1×1 커널이 있으면
# 2·10 + 3·1 − 1·4 = 19입니다. 편향이 0.5면 답은 19.5이고, 채널 세 개에서 숫자 하나가 나옵니다.
#
# Keras처럼 커널은 뒤집지 않고, `'same'`에서는 지난주의 규칙대로 이미지 둘레에 0을 덧댑니다.
#
# **과제:** `conv2d_layer`를 작성하세요. 위치 (i, j)를 반복문으로 돌면 됩니다. 각 위치에서 `np.tensordot(window, kernels, axes=3)`은
# 창 (N, FH, FW, Cin)과 커널을 곱해 공통인 세 축을 따라 더합니다. 남는 것은 (N, Cout)입니다.


# %% nbgrader={"grade": false, "grade_id": "conv2d-layer", "locked": false, "schema_version": 3, "solution": true}
def conv2d_layer(x, kernels, bias, strides=1, padding="valid"):
    """A convolution layer without activation, as Keras computes it (cross-correlation).

    Args:
        x: array (N, H, W, Cin), integers or floats; it is not changed.
        kernels: array (FH, FW, Cin, Cout).
        bias: array (Cout,), one number for each filter.
        strides: int or (rows, columns), the step from window to window.
        padding: 'valid' keeps whole windows only; 'same' adds zeros as Keras does, so that the
            result has ceil(H / stride) rows and ceil(W / stride) columns.

    Returns:
        float array (N, rows, columns, Cout).
    """
    ### BEGIN SOLUTION
    kernel_rows, kernel_columns, _, filters = kernels.shape
    row_step, column_step = as_pair(strides)
    images, height, width, _ = x.shape
    above_below = padding_for(padding, height, kernel_rows, row_step)
    left_right = padding_for(padding, width, kernel_columns, column_step)
    padded = np.pad(np.asarray(x, dtype=np.float64), ((0, 0), above_below, left_right, (0, 0)))
    rows = (padded.shape[1] - kernel_rows) // row_step + 1
    columns = (padded.shape[2] - kernel_columns) // column_step + 1
    result = np.empty((images, rows, columns, filters))
    for i in range(rows):
        for j in range(columns):
            top, left = i * row_step, j * column_step
            window = padded[:, top : top + kernel_rows, left : left + kernel_columns, :]
            result[:, i, j, :] = np.tensordot(window, kernels, axes=3) + bias
    return result
    ### END SOLUTION


# %% [markdown] tags=["en"]
# Four filters look for strokes in four directions. Below each feature map (after ReLU) is the same map after max
# pooling. The shape in the title of the last row is what the next layer receives.

# %% [markdown] tags=["ko"]
# 필터 네 개가 네 방향의 획을 찾습니다. 위는 ReLU를 거친 특징 맵이고, 아래는 그 맵을 맥스 풀링한 것입니다. 아랫줄 제목에
# 적힌 모양이 다음 층이 받는 모양입니다.

# %% nbgrader={"grade": false, "grade_id": "picture-feature-maps", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
lying = np.array([[-1, -1, -1], [2, 2, 2], [-1, -1, -1]])
rising = np.array([[-1, -1, 2], [-1, 2, -1], [2, -1, -1]])
strokes = np.stack([lying, lying.T, rising, rising[::-1]], axis=-1)[:, :, np.newaxis, :]

maps = relu(conv2d_layer(digits[2:3], strokes, np.zeros(4), padding="same"))
smaller = max_pool_2d(maps)
names = ["lying strokes", "standing strokes", "rising strokes", "falling strokes"]
draw_images(
    [digits[2, :, :, 0], *np.moveaxis(maps[0], -1, 0), digits[2, :, :, 0], *np.moveaxis(smaller[0], -1, 0)],
    [f"label {y_train[2]}", *names, "", *[f"pooled: {smaller.shape[1]}×{smaller.shape[2]}"] * 4],
    columns=5,
    size=1.9,
)

# %% nbgrader={"grade": true, "grade_id": "test-conv2d-layer-channels", "locked": true, "points": 8, "schema_version": 3, "solution": false}
pixel = np.array([2.0, 3.0, -1.0]).reshape(1, 1, 1, 3)
kernel = np.array([10.0, 1.0, 4.0]).reshape(1, 1, 3, 1)
check(conv2d_layer, pixel, kernel, np.array([0.5]), expected=[[[[19.5]]]])

# The slide's 5x5 example from last week: one channel, one filter.
image = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
check(
    conv2d_layer,
    image.reshape(1, 5, 5, 1),
    kernel.reshape(3, 3, 1, 1),
    np.zeros(1),
    expected=np.array([[4, 3, 4], [2, 4, 3], [2, 3, 4]]).reshape(1, 3, 3, 1),
)

# %% nbgrader={"grade": true, "grade_id": "test-conv2d-layer-filters", "locked": true, "points": 6, "schema_version": 3, "solution": false}
# Two images, two filters: the first takes the pixel, the second its negative. Each filter has its own bias.
two_images = np.array([[1.0, 2.0], [3.0, -4.0]]).reshape(2, 1, 2, 1)
two_filters = np.array([1.0, -1.0]).reshape(1, 1, 1, 2)
check(
    conv2d_layer,
    two_images,
    two_filters,
    np.array([10.0, 20.0]),
    expected=np.array([[[11, 19], [12, 18]], [[13, 17], [6, 24]]]).reshape(2, 1, 2, 2),
)

# %% nbgrader={"grade": true, "grade_id": "test-conv2d-layer-strides", "locked": true, "points": 6, "schema_version": 3, "solution": false}
row = np.array([3.0, -1.0, 4.0, 1.0, -5.0]).reshape(1, 1, 5, 1)
difference = np.array([1.0, -1.0]).reshape(1, 2, 1, 1)
bias = np.zeros(1)
check(conv2d_layer, row, difference, bias, expected=np.array([4.0, -5.0, 3.0, 6.0]).reshape(1, 1, 4, 1))
check(conv2d_layer, row, difference, bias, 2, expected=np.array([4.0, 3.0]).reshape(1, 1, 2, 1))
check(conv2d_layer, row, difference, bias, 2, "same", expected=np.array([4.0, 3.0, -5.0]).reshape(1, 1, 3, 1))

# %% [markdown] tags=["en"]
# ## 6. The whole network
#
# Now stack your layers. This is the slides' network; next week you train it.
#
# | layer | weights | shape of the result |
# |---|---|---|
# | `conv2d`: 3×3, 32 filters, ReLU | (3, 3, 1, 32), (32,) | (N, 26, 26, 32) |
# | `conv2d_1`: 3×3, 64 filters, ReLU | (3, 3, 32, 64), (64,) | (N, 24, 24, 64) |
# | max pooling 2×2 | none | (N, 12, 12, 64) |
# | dropout 0.25 | none | unchanged |
# | flatten | none | (N, 9216) |
# | `dense`: 128, ReLU | (9216, 128), (128,) | (N, 128) |
# | dropout 0.5 | none | unchanged |
# | `dense_1`: 10, softmax | (128, 10), (10,) | (N, 10) |
#
# We *predict*, so both dropouts do nothing. A dense layer is one line, $x W + b$.
#
# **Your task:** write `cnn_forward`. `weights` is a dict; `weights["conv2d"]` is `[kernel, bias]`, and so on.
# Given the weights of a Keras model, the result equals `model.predict` to 0.00001. (You learn most when your own layers
# do the work; a Keras model that is made inside and asked is let pass.)

# %% [markdown] tags=["ko"]
# ## 6. 신경망 전체
#
# 이제 만든 층들을 쌓아 봅시다. 슬라이드의 신경망이고, 다음 주에 학습시킬 신경망입니다.
#
# | 층 | 가중치 | 결과의 모양 |
# |---|---|---|
# | `conv2d`: 3×3, 필터 32개, ReLU | (3, 3, 1, 32), (32,) | (N, 26, 26, 32) |
# | `conv2d_1`: 3×3, 필터 64개, ReLU | (3, 3, 32, 64), (64,) | (N, 24, 24, 64) |
# | 맥스 풀링 2×2 | 없음 | (N, 12, 12, 64) |
# | 드롭아웃 0.25 | 없음 | 그대로 |
# | 플래튼 | 없음 | (N, 9216) |
# | `dense`: 128, ReLU | (9216, 128), (128,) | (N, 128) |
# | 드롭아웃 0.5 | 없음 | 그대로 |
# | `dense_1`: 10, softmax | (128, 10), (10,) | (N, 10) |
#
# 지금은 *예측*을 하므로 두 드롭아웃은 아무 일도 하지 않습니다. 완전 연결 층은 한 줄, $x W + b$입니다.
#
# **과제:** `cnn_forward`를 작성하세요. `weights`는 딕셔너리이고 `weights["conv2d"]`는 `[kernel, bias]`입니다. 나머지도
# 같습니다. Keras 모델의 가중치를 넣으면 결과가 `model.predict`와 0.00001 이내로 같아야 합니다. (직접 만든 층으로 계산할 때
# 가장 많이 배우지만, 함수 안에서 Keras 모델을 만들어 물어보아도 괜찮습니다.)


# %% nbgrader={"grade": false, "grade_id": "cnn-forward", "locked": false, "schema_version": 3, "solution": true}
def cnn_forward(x, weights):
    """The prediction of the slides' CNN, layer by layer.

    Args:
        x: float array (N, 28, 28, 1), values in [0, 1]; it is not changed.
        weights: dict with the keys 'conv2d', 'conv2d_1', 'dense' and 'dense_1' (in any order),
            each a list [kernel, bias] with the shapes in the table above; it is not changed.

    Returns:
        array (N, 10) of probabilities; every row sums to 1.
    """
    ### BEGIN SOLUTION
    y = relu(conv2d_layer(x, *weights["conv2d"]))
    y = relu(conv2d_layer(y, *weights["conv2d_1"]))
    y = max_pool_2d(y, 2)
    y = flatten(y)
    kernel, bias = weights["dense"]
    y = relu(y @ kernel + bias)
    kernel, bias = weights["dense_1"]
    return softmax(y @ kernel + bias)
    ### END SOLUTION


# %% [markdown] tags=["en"]
# `trial_weights` makes weights of the right shapes and sizes, but nobody has trained them. Whatever the
# digit, the network answers nearly the same: it knows nothing yet. Next week training changes that.

# %% [markdown] tags=["ko"]
# `trial_weights`는 모양과 크기가 맞는 가중치를 만들지만, 학습된 것은 아닙니다. 어떤 숫자를 넣어도 거의
# 같은 답이 나옵니다. 아직 아무것도 모르는 것입니다. 다음 주에 학습이 이것을 바꿉니다.


# %% nbgrader={"grade": false, "grade_id": "picture-forward", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
def trial_weights():
    """Untrained weights in the shapes of the slides' CNN, the same on every computer."""
    shapes = {"conv2d": (3, 3, 1, 32), "conv2d_1": (3, 3, 32, 64), "dense": (9216, 128), "dense_1": (128, 10)}
    weights = {}
    for name, shape in shapes.items():
        numbers = np.arange(np.prod(shape)) ** 2 % 1009 / 504.5 - 1
        spread = np.sqrt(6 / np.prod(shape[:-1]))
        bias = np.arange(shape[-1]) % 7 / 10 - 0.3
        weights[name] = [spread * numbers.reshape(shape), bias]
    return weights


probabilities = cnn_forward(digits[:3], trial_weights())
figure, grid = plt.subplots(2, 3, figsize=(8, 3.8), gridspec_kw={"height_ratios": [1, 1.2]})
for column in range(3):
    grid[0, column].imshow(digits[column, :, :, 0], cmap="Greys")
    grid[0, column].axis("off")
    grid[0, column].set_title(f"label {y_train[column]}, guess {probabilities[column].argmax()}", fontsize=10)
    grid[1, column].bar(range(10), probabilities[column], color="grey")
    grid[1, column].set_xticks(range(10))
    grid[1, column].set_ylim(0, 1)
figure.tight_layout()
plt.show()

# %% nbgrader={"grade": true, "grade_id": "test-cnn-forward-bias", "locked": true, "points": 4, "schema_version": 3, "solution": false}
# With all kernels 0 only the last bias is left, and softmax(log k) is k divided by the sum.
empty = {
    "conv2d": [np.zeros((3, 3, 1, 32)), np.zeros(32)],
    "conv2d_1": [np.zeros((3, 3, 32, 64)), np.zeros(64)],
    "dense": [np.zeros((9216, 128)), np.zeros(128)],
    "dense_1": [np.zeros((128, 10)), np.log(np.arange(1.0, 11.0))],
}
came = cnn_forward(np.ones((2, 28, 28, 1)), empty)
wanted = np.tile(np.arange(1, 11) / 55, (2, 1))
message = f"cnn_forward(two images, zero kernels)\n  came back: {came!r}\n  expected:  {wanted!r}"
assert np.shape(came) == (2, 10) and np.allclose(came, wanted, atol=1e-5), message
print("ok  cnn_forward with zero kernels")

# %% nbgrader={"grade": true, "grade_id": "test-cnn-forward", "locked": true, "points": 10, "schema_version": 3, "solution": false}
# An image of stripes through the untrained network of the picture above.
stripes = (np.arange(784) ** 2 % 31 / 30).reshape(1, 28, 28, 1)
shapes = {"conv2d": (3, 3, 1, 32), "conv2d_1": (3, 3, 32, 64), "dense": (9216, 128), "dense_1": (128, 10)}
weights = {}
for name, shape in shapes.items():
    numbers = np.arange(np.prod(shape)) ** 2 % 1009 / 504.5 - 1
    spread = np.sqrt(6 / np.prod(shape[:-1]))
    weights[name] = [spread * numbers.reshape(shape), np.arange(shape[-1]) % 7 / 10 - 0.3]
came = cnn_forward(stripes, weights)
wanted = [
    [0.208598, 0.062275, 0.068336, 0.104546, 0.144405, 0.061198, 0.067327, 0.034042, 0.059819, 0.189453],
]
message = f"cnn_forward(stripes, weights)\n  came back: {came!r}\n  expected:  {wanted!r}"
assert np.shape(came) == (1, 10) and np.allclose(came, wanted, atol=1e-5), message
print("ok  cnn_forward with untrained weights")

# %% [markdown] tags=["en"]
# ## What you have now
#
# Every layer of the slides' CNN, in NumPy, and a forward pass that equals Keras's. What is missing is the search for
# good weights: that is training, and it is next week's work.

# %% [markdown] tags=["ko"]
# ## 지금까지 만든 것
#
# 슬라이드의 CNN을 이루는 모든 층을 NumPy로 만들었고, 순전파는 Keras와 같습니다. 남은 것은 좋은 가중치를 찾는 일입니다.
# 그것이 학습이고, 다음 주에 할 일입니다.
