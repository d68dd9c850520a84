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
# # Week 3 · Convolution
#
# A dense layer sees an image as one long row of numbers: whether two pixels were neighbours is lost.
# A convolutional layer keeps the neighbourhood. It lays a small table of weights, the **kernel**, over a
# small **window** of the image, multiplies what lies on top of each other, adds up, and moves on.
#
# The idea comes from the brain: in the visual cortex a neuron looks at a small part of the picture only, and many
# answer to an edge of one direction (Hubel and Wiesel, around 1960). Later neurons put together what earlier ones saw,
# and so do the layers of a convolutional network.
#
# This week you build that operation yourself, from the size of its output to the edges of a handwritten
# digit, with nothing but NumPy. Every picture below is drawn by *your* functions.
#
# Work from top to bottom, and replace each `raise NotImplementedError` with your own code. The cells
# marked as tests compare a few results with known ones; grading uses more inputs than you see here.
#
# **To run it**, install what it needs once, in its folder: `python -m pip install -r requirements.txt`. Where the
# autograder is installed too, a new first cell with `%load_ext autograder` brings `%check`, and digits without a network.

# %% [markdown] tags=["ko"]
# # 3주차 · 합성곱
#
# 완전 연결 층은 이미지를 숫자 한 줄로 봅니다. 어떤 두 픽셀이 이웃이었는지는 사라집니다. 합성곱 층은 이웃
# 관계를 지킵니다. 작은 가중치 표인 **커널**을 이미지의 작은 **창(window)** 위에 올려놓고, 겹친 값끼리
# 곱해서 모두 더한 뒤, 다음 자리로 옮겨 갑니다.
#
# 이 생각은 뇌에서 왔습니다. 시각 피질의 뉴런은 그림의 작은 부분만 보고, 그 가운데 많은 것이 한 방향의 외곽선에
# 반응합니다(Hubel과 Wiesel, 1960년 무렵). 다음 뉴런들은 앞에서 본 것을 모으는데, 합성곱 신경망의 층들도 그렇습니다.
#
# 이번 주에는 그 연산을 NumPy만으로 직접 만듭니다. 출력 크기 계산에서 시작해 손글씨 숫자의 외곽선까지
# 갑니다. 아래 그림은 모두 *여러분의* 함수가 그립니다.
#
# 위에서 아래로 진행하면서 `raise NotImplementedError`를 여러분의 코드로 바꾸세요. 테스트 셀은 몇 가지
# 결과를 알려진 값과 비교해 줍니다. 채점에는 여기 보이는 것보다 더 많은 입력을 씁니다.
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


# %% nbgrader={"grade": false, "grade_id": "data", "locked": true, "schema_version": 3, "solution": false}
from keras.datasets import mnist

(x_train, y_train), (x_test, y_test) = mnist.load_data()
digit = x_train[0]
print("one image:", digit.shape, digit.dtype, "- a handwritten", y_train[0])

# %% [markdown] tags=["en"]
# ## 1. How large is the result?
#
# Before computing anything, count. Along one axis the image has $n$ pixels. Padding adds $p$ zeros at
# **each** end, so there are $n + 2p$ places. The kernel has $k$ weights; with dilation $d$ there are
# $d - 1$ gaps between neighbouring weights, so it covers $d(k - 1) + 1$ places. The first window starts
# at place 0 and each further one starts $s$ (the stride) later, for as long as the whole window fits:
#
# $$\text{output} = \left\lfloor \frac{n + 2p - d(k - 1) - 1}{s} \right\rfloor + 1$$
#
# The slides write it for both axes at once, without dilation, with $(H, W)$ for the input, $(FH, FW)$ for the filter, $(OH, OW)$
# for the output, $P$ for the padding and $S$ for the stride:
#
# $$(OH, OW) = \left(\frac{H + 2P - FH}{S} + 1,\ \frac{W + 2P - FW}{S} + 1\right)$$
#
# *Worked example.* $n = 6$, $k = 3$, $p = 1$, $s = 2$: there are 8 places and windows start at 0, 2
# and 4. A window at 6 would need place 8, which does not exist, so the output has 3 values.
#
# That is without the floor brackets $\lfloor\;\rfloor$. As long as
# everything divides evenly that is the same; its last animation ("padding, strides, odd") is the example
# above, where the fraction is 2.5. Half a window is no window, so we round **down**.
#
# A stride above 1 looks at the image in steps, and saves computation: a 3×3 kernel over 28×28 pixels takes
# $26 \cdot 26 \cdot 9 = 6084$ multiplications with stride 1 and $13 \cdot 13 \cdot 9 = 1521$ with stride 2, a quarter.
#
# **Task.** Write `output_size`. Refuse what makes no sense with a `ValueError` whose message contains
# the name of the argument that is wrong; if the kernel does not fit, that is `kernel_size`.

# %% [markdown] tags=["ko"]
# ## 1. 결과의 크기는 얼마일까?
#
# 계산하기 전에 먼저 세어 봅시다. 한 축에 픽셀이 $n$개 있습니다. 패딩은 **양쪽** 끝에 0을 $p$개씩
# 덧대므로 자리는 모두 $n + 2p$개입니다. 커널의 가중치는 $k$개이고, 팽창(dilation)이 $d$이면 이웃한
# 가중치 사이에 $d - 1$칸의 틈이 생기므로 $d(k - 1) + 1$칸을 덮습니다. 첫 창은 0번 자리에서 시작하고,
# 창 전체가 들어가는 동안 다음 창은 $s$(스트라이드)칸 뒤에서 시작합니다.
#
# $$\text{출력} = \left\lfloor \frac{n + 2p - d(k - 1) - 1}{s} \right\rfloor + 1$$
#
# 슬라이드는 팽창 없이 두 축의 식을 한꺼번에 적습니다. $(H, W)$는 입력, $(FH, FW)$는 필터, $(OH, OW)$는 출력의 크기이고, $P$는
# 패딩, $S$는 스트라이드입니다.
#
# $$(OH, OW) = \left(\frac{H + 2P - FH}{S} + 1,\ \frac{W + 2P - FW}{S} + 1\right)$$
#
# *예제.* $n = 6$, $k = 3$, $p = 1$, $s = 2$이면 자리는 8개이고 창은 0, 2, 4에서 시작합니다. 6에서
# 시작하려면 8번 자리가 필요한데 그런 자리는 없습니다. 그래서 출력 값은 3개입니다.
#
# 이 식에는 내림 기호 $\lfloor\;\rfloor$가 없습니다. 나누어떨어질 때는 결과가 같습니다.
# 슬라이드의 마지막 애니메이션("padding, strides, odd")이 바로 위 예제인데, 이때 분수는 2.5입니다. 반쪽
# 창은 창이 아니므로 **내림**합니다.
#
# 스트라이드가 1보다 크면 띄엄띄엄 보므로 연산량이 줄어듭니다. 28×28 픽셀에 3×3 커널을 쓰면 곱셈이 스트라이드 1에서는
# $26 \cdot 26 \cdot 9 = 6084$번, 스트라이드 2에서는 $13 \cdot 13 \cdot 9 = 1521$번으로 4분의 1입니다.
#
# **과제.** `output_size`를 작성하세요. 말이 안 되는 값에는 `ValueError`를 내고, 메시지에 잘못된 인자의
# 이름을 넣으세요. 커널이 들어가지 않는 경우의 이름은 `kernel_size`입니다.

# %% nbgrader={"grade": false, "grade_id": "output-size", "locked": false, "schema_version": 3, "solution": true}
def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    """Number of windows along one axis.

    Args:
        input_size: pixels along the axis, an int of at least 1.
        kernel_size: weights along the axis, an int of at least 1.
        stride: step from one window to the next, an int of at least 1.
        padding: zeros added at each end, an int of at least 0.
        dilation: distance between neighbouring weights, an int of at least 1.

    Returns:
        floor((input_size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1, an int.

    Raises:
        ValueError: an argument is out of range, or the kernel does not fit (then the message names
            kernel_size).
    """
    ### BEGIN SOLUTION
    at_least_one = {
        "input_size": input_size,
        "kernel_size": kernel_size,
        "stride": stride,
        "dilation": dilation,
    }
    for name, value in at_least_one.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if padding < 0:
        raise ValueError(f"padding must not be negative, got {padding}")
    covered = dilation * (kernel_size - 1) + 1
    places = input_size + 2 * padding
    if covered > places:
        raise ValueError(f"kernel_size {kernel_size} covers {covered} places, but there are only {places}")
    return (places - covered) // stride + 1
    ### END SOLUTION


# %% [markdown] tags=["en"]
# The test below contains the seven cases that the lecture shows as animations, and one with dilation.

# %% [markdown] tags=["ko"]
# 아래 테스트에는 강의에서 애니메이션으로 본 일곱 가지 경우와 팽창이 있는 경우 하나가 들어 있습니다.

# %% nbgrader={"grade": true, "grade_id": "test-output-size", "locked": true, "points": 10, "schema_version": 3, "solution": false}
check(output_size, 4, 3, expected=2)
check(output_size, 5, 4, padding=2, expected=6)
check(output_size, 5, 3, padding=1, expected=5)
check(output_size, 5, 3, padding=2, expected=7)
check(output_size, 5, 3, stride=2, expected=2)
check(output_size, 5, 3, stride=2, padding=1, expected=3)
check(output_size, 6, 3, stride=2, padding=1, expected=3)
check(output_size, 7, 3, dilation=2, expected=3)
check(output_size, 28, 3, expected=26)
assert isinstance(output_size(28, 3), (int, np.integer)), f"an int was expected, not {output_size(28, 3)!r}"

# %% nbgrader={"grade": true, "grade_id": "test-output-size-errors", "locked": true, "points": 6, "schema_version": 3, "solution": false}
for wrong, arguments in [
    ("stride", {"input_size": 5, "kernel_size": 3, "stride": 0}),
    ("padding", {"input_size": 5, "kernel_size": 3, "padding": -1}),
    ("kernel_size", {"input_size": 2, "kernel_size": 3}),
]:
    try:
        answer = output_size(**arguments)
    except ValueError as error:
        said = str(error).lower().replace(" ", "_").replace("-", "_")  # "Kernel size" names kernel_size, too
        assert wrong in said, f"output_size(**{arguments}): {str(error)!r} should name {wrong!r}"
    else:
        raise AssertionError(
            f"output_size(**{arguments})\n  came back: {answer!r}\n  expected:  a ValueError that names {wrong!r}"
        )
    print("ok ", wrong, "is refused")

# %% [markdown] tags=["en"]
# The eight cases as a picture: below the input (blue, padding in grey, the first window in orange), above
# it the output, whose size your function says.

# %% [markdown] tags=["ko"]
# 여덟 가지 경우를 그림으로 봅시다. 아래는 입력(파랑, 패딩은 회색, 첫 창은 주황)이고, 위는 여러분의 함수가
# 알려 준 크기의 출력입니다.

# %% nbgrader={"grade": false, "grade_id": "drawing", "locked": true, "schema_version": 3, "solution": false}
from matplotlib.colors import ListedColormap

INPUT_COLOURS = ListedColormap(["#dddddd", "#4a90d9", "#f5a623"])  # padding, pixel, under the kernel


def picture_of_input(n, padding, kernel_size, dilation=1, top=0, left=0):
    """(n + 2p, n + 2p) integers: 0 padding, 1 pixel, 2 under the kernel whose corner is at (top, left)."""
    places = np.zeros((n + 2 * padding, n + 2 * padding), dtype=int)
    places[padding : padding + n, padding : padding + n] = 1
    reach = dilation * (kernel_size - 1) + 1
    places[top : top + reach : dilation, left : left + reach : dilation] = 2
    return places


def show_cells(axes, values, cmap, vmin=0, vmax=2, corner=(0, 0)):
    """Draw a small matrix as squares with white edges, its upper left corner at ``corner`` (x, y)."""
    x, y = np.arange(values.shape[1] + 1), np.arange(values.shape[0] + 1)
    drawn = axes.pcolormesh(
        x + corner[0], y + corner[1], values, cmap=cmap, vmin=vmin, vmax=vmax, edgecolors="white"
    )
    axes.set(aspect="equal", ylim=(corner[1] + len(values), 0))
    axes.axis("off")
    return drawn


# %% nbgrader={"grade": false, "grade_id": "picture-arithmetic", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
# title: (input, padding, kernel, stride, dilation)
CASES = {
    "no padding": (4, 0, 3, 1, 1),
    "padding 2": (5, 2, 4, 1, 1),
    "half ('same')": (5, 1, 3, 1, 1),
    "'full'": (5, 2, 3, 1, 1),
    "stride 2": (5, 0, 3, 2, 1),
    "padding 1, stride 2": (5, 1, 3, 2, 1),
    "the same (odd)": (6, 1, 3, 2, 1),
    "dilation 2": (7, 0, 3, 1, 2),
}
sizes = {name: output_size(n, k, s, p, d) for name, (n, p, k, s, d) in CASES.items()}
figure, axes = plt.subplots(figsize=(13, 3.4), dpi=80)
figure.subplots_adjust(0, 0, 1, 1)
for column, (name, (n, p, k, _, d)) in enumerate(CASES.items()):
    # One scale for all: the largest padded input has 9 places.
    above, below = np.ones((sizes[name], sizes[name])), picture_of_input(n, p, k, d)
    for values, colours, middle in ((above, ListedColormap(["#50c8c8"]), 4.5), (below, INPUT_COLOURS, 14)):
        corner = (10.5 * column + 4.5 - len(values) / 2, middle - len(values) / 2)
        show_cells(axes, values, colours, corner=corner)
    axes.text(10.5 * column + 4.5, -0.4, f"{name}\n{n} → {sizes[name]}", ha="center", fontsize=9)
axes.set(xlim=(0, 10.5 * len(CASES)), ylim=(19, -3))
plt.show()

# %% [markdown] tags=["en"]
# ## 2. Padding
#
# Each convolution makes the image smaller, and a corner pixel lies in only one window while a pixel in the
# middle of a 3×3 neighbourhood lies in nine. What stands at the border is hardly heard. Zeros around the
# image (**zero padding**) mend both. Three amounts have names:
#
# | mode | before, after | output (stride 1) |
# |---|---|---|
# | `'valid'` | 0, 0 | $n - k + 1$ |
# | `'same'` | as needed | $n$ |
# | `'full'` | $k - 1$, $k - 1$ | $n + k - 1$ |
#
# For `'same'` Keras promises an output of $\lceil n / s \rceil$ values. The last window then starts at
# $(\lceil n/s \rceil - 1)\,s$ and ends $k$ places later, so the zeros that are missing in all are
#
# $$\max\big((\lceil n/s \rceil - 1)\,s + k - n,\ 0\big)$$
#
# Half of them go **before** the image and the rest **after** it. When the number is odd, the extra zero
# goes *after*.
#
# *Worked example.* $n = 5$, $k = 4$, $s = 1$: $(5 - 1) + 4 - 5 = 3$ zeros, 1 before and 2 after.
# With $s = 2$: $\lceil 5/2 \rceil = 3$ values, $(3 - 1) \cdot 2 + 4 - 5 = 3$ again.
#
# **Task.** Write `padding_for`.

# %% [markdown] tags=["ko"]
# ## 2. 패딩
#
# 합성곱을 할 때마다 이미지는 작아집니다. 게다가 3×3 커널에서 한가운데 픽셀은 아홉 개의 창에 들어가지만
# 모서리 픽셀은 단 하나의 창에만 들어갑니다. 가장자리의 정보는 거의 반영되지 않습니다. 이미지 둘레에 0을
# 덧대면(**제로 패딩, zero padding**) 두 문제가 모두 풀립니다. 다음 세 가지 방식에는 이름이 있습니다.
#
# | 방식 | 앞, 뒤 | 출력 (스트라이드 1) |
# |---|---|---|
# | `'valid'` | 0, 0 | $n - k + 1$ |
# | `'same'` | 필요한 만큼 | $n$ |
# | `'full'` | $k - 1$, $k - 1$ | $n + k - 1$ |
#
# `'same'`일 때 Keras는 출력이 $\lceil n / s \rceil$개가 되도록 합니다. 마지막 창은
# $(\lceil n/s \rceil - 1)\,s$에서 시작해 $k$칸을 덮으므로, 모자라는 0의 개수는 모두
#
# $$\max\big((\lceil n/s \rceil - 1)\,s + k - n,\ 0\big)$$
#
# 입니다. 그 절반을 이미지 **앞**에, 나머지를 **뒤**에 둡니다. 개수가 홀수이면 남는 하나는 *뒤*로 갑니다.
#
# *예제.* $n = 5$, $k = 4$, $s = 1$이면 $(5 - 1) + 4 - 5 = 3$개이므로 앞에 1개, 뒤에 2개입니다. $s = 2$이면
# $\lceil 5/2 \rceil = 3$개의 출력, $(3 - 1) \cdot 2 + 4 - 5 = 3$으로 역시 3개입니다.
#
# **과제.** `padding_for`를 작성하세요.

# %% nbgrader={"grade": false, "grade_id": "padding-for", "locked": false, "schema_version": 3, "solution": true}
def padding_for(mode, input_size, kernel_size, stride=1):
    """Zeros to add along one axis.

    Args:
        mode: 'valid', 'same' (Keras's rule) or 'full'.
        input_size: pixels along the axis, an int of at least 1.
        kernel_size: weights along the axis, an int of at least 1.
        stride: step from one window to the next, an int of at least 1; it matters for 'same' only.

    Returns:
        (before, after): two ints.

    Raises:
        ValueError: another mode (the message names mode).
    """
    ### BEGIN SOLUTION
    if mode == "valid":
        return 0, 0
    if mode == "full":
        return kernel_size - 1, kernel_size - 1
    if mode == "same":
        windows = -(-input_size // stride)  # the ceiling of a fraction, without floats
        total = max((windows - 1) * stride + kernel_size - input_size, 0)
        return total // 2, total - total // 2
    raise ValueError(f"mode must be 'valid', 'same' or 'full', got {mode!r}")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-padding-for", "locked": true, "points": 8, "schema_version": 3, "solution": false}
check(padding_for, "valid", 5, 3, expected=(0, 0))
check(padding_for, "full", 5, 3, expected=(2, 2))
check(padding_for, "same", 5, 3, expected=(1, 1))
check(padding_for, "same", 5, 4, expected=(1, 2))
check(padding_for, "same", 28, 5, expected=(2, 2))
check(padding_for, "same", 6, 3, stride=2, expected=(0, 1))
try:
    answer = padding_for("mirror", 5, 3)
except ValueError as error:
    assert "mode" in str(error).lower(), f"padding_for('mirror', 5, 3): {str(error)!r} should name 'mode'"
else:
    raise AssertionError(f"padding_for('mirror', 5, 3)\n  came back: {answer!r}\n  expected:  a ValueError")

# %% [markdown] tags=["en"]
# **Task.** Write `pad_2d`, which really lays the zeros around. One number means the same margin on all four
# sides; `((top, bottom), (left, right))` names each. `uint8` pixels stay `uint8`, and the image that
# you were given stays as it was. Mind the slice `[p:-p]`: for `p = 0` it is empty.

# %% [markdown] tags=["ko"]
# **과제.** 실제로 0을 둘러 주는 `pad_2d`를 작성하세요. 숫자 하나는 네 변에 같은 두께를 뜻하고,
# `((위, 아래), (왼쪽, 오른쪽))`은 변마다 따로 정합니다. `uint8` 픽셀은 `uint8`로 남고, 받은 이미지는 그대로
# 있어야 합니다. 슬라이스 `[p:-p]`를 조심하세요. `p = 0`이면 비어 버립니다.

# %% nbgrader={"grade": false, "grade_id": "pad-2d", "locked": false, "schema_version": 3, "solution": true}
def pad_2d(image, padding):
    """Lay zeros around an image.

    Args:
        image: (H, W) numbers; not changed.
        padding: an int, or ((top, bottom), (left, right)).

    Returns:
        (top + H + bottom, left + W + right), a new array of the same dtype.
    """
    ### BEGIN SOLUTION
    if np.ndim(padding) == 0:
        padding = ((padding, padding), (padding, padding))
    (top, bottom), (left, right) = padding
    height, width = image.shape
    padded = np.zeros((top + height + bottom, left + width + right), dtype=image.dtype)
    padded[top : top + height, left : left + width] = image
    return padded
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-pad-2d", "locked": true, "points": 8, "schema_version": 3, "solution": false}
check(pad_2d, np.array([[1, 2], [3, 4]]), 1, expected=[[0, 0, 0, 0], [0, 1, 2, 0], [0, 3, 4, 0], [0, 0, 0, 0]])
check(pad_2d, np.array([[1, 2], [3, 4]]), ((1, 0), (0, 2)), expected=[[0, 0, 0, 0], [1, 2, 0, 0], [3, 4, 0, 0]])
check(pad_2d, np.array([[1, 2], [3, 4]]), 0, expected=[[1, 2], [3, 4]])
padded = pad_2d(np.array([[7, 8, 9]], dtype=np.uint8), 2)
assert padded.dtype == np.uint8, f"pad_2d of uint8 pixels came back as {padded.dtype}, expected uint8"

# %% [markdown] tags=["en"]
# ## 3. One dimension first: correlation and convolution
#
# The slides show two integrals. **Convolution** has a minus sign, **cross-correlation** a plus sign:
#
# $$(f * g)(t) = \int_{-\infty}^{\infty} f(\tau)\,g(t - \tau)\,d\tau
# \qquad
# (f \star g)(t) = \int_{-\infty}^{\infty} f(\tau)\,g(t + \tau)\,d\tau$$
#
# Pixels come one by one, so the integral becomes a sum. Slide the kernel $f$ along a signal $g$, multiply, add up:
#
# $$\text{out}[t] = \sum_{\tau=0}^{k-1} \text{kernel}[\tau] \cdot \text{signal}[t + \tau]
# \qquad\text{(cross-correlation)}$$
#
# *Worked example.* Signal `[1, 2, 4, 8]`, kernel `[1, 0, -1]`: at $t = 0$ this is
# $1\cdot1 + 0\cdot2 - 1\cdot4 = -3$, at $t = 1$ it is $1\cdot2 + 0\cdot4 - 1\cdot8 = -6$. Only
# whole windows count ('valid'), so there are $n - k + 1 = 2$ values.
#
# **Convolution** in mathematics turns the kernel around first: the minus sign in $g(t - \tau)$ reads one
# of the two backwards. Why would anyone want that? Strike a bell (one impulse in the signal): the
# convolution answers with the kernel in its own order, the correlation answers with it backwards.
#
# Two notes on the lecture's slide. The second integral, with $g(t + \tau)$, is the one that CNNs compute; the slide writes
# $f * g$ for it too, usually it is $f \star g$. And $\tau$ in $f(\tau)\,g(t+\tau)$ is exactly the index in the sum above. Deep
# learning says "convolution" for both; in this notebook we say which one.
# (The slides' sources: [Cross-correlation](https://en.wikipedia.org/wiki/Cross-correlation) in the encyclopedia, and a
# [film](https://www.youtube.com/watch?v=O9-HN-yzsFQ).)
#
# **Task.** Write `correlate_1d` and `convolve_1d`.

# %% [markdown] tags=["ko"]
# ## 3. 먼저 1차원에서: 상관과 합성곱
#
# 슬라이드에는 적분이 두 개 있습니다. **합성곱**에는 빼기 기호, **교차상관**(상호상관이라고도 합니다)에는 더하기 기호가 있습니다.
#
# $$(f * g)(t) = \int_{-\infty}^{\infty} f(\tau)\,g(t - \tau)\,d\tau
# \qquad
# (f \star g)(t) = \int_{-\infty}^{\infty} f(\tau)\,g(t + \tau)\,d\tau$$
#
# 픽셀은 하나씩 떨어져 있으므로 적분이 합이 됩니다. 커널 $f$를 신호 $g$ 위에서 밀면서 곱하고 더합니다.
#
# $$\text{out}[t] = \sum_{\tau=0}^{k-1} \text{kernel}[\tau] \cdot \text{signal}[t + \tau]
# \qquad\text{(교차상관, cross-correlation)}$$
#
# *예제.* 신호 `[1, 2, 4, 8]`, 커널 `[1, 0, -1]`이면 $t = 0$에서 $1\cdot1 + 0\cdot2 - 1\cdot4 = -3$, $t = 1$에서
# $1\cdot2 + 0\cdot4 - 1\cdot8 = -6$입니다. 온전한 창만 세므로('valid') 값은 $n - k + 1 = 2$개입니다.
#
# 수학의 **합성곱**은 먼저 커널을 뒤집습니다. $g(t - \tau)$의 빼기 기호가 둘 중 하나를 거꾸로 읽게 합니다. 왜
# 그렇게 할까요? 종을 한 번 쳐 봅시다(신호에 임펄스 하나). 합성곱은 커널을 원래 순서대로 내놓고, 상관은
# 거꾸로 내놓습니다.
#
# 강의 슬라이드에 두 가지를 덧붙입니다. CNN이 계산하는 것은 $g(t + \tau)$가 들어 있는 두 번째 식입니다. 슬라이드는 이것도
# $f * g$로 적었지만 합성곱과 구별하려고 보통 $f \star g$로 씁니다.
# 그리고 $f(\tau)\,g(t+\tau)$의 $\tau$가 바로 위 합의 첨자입니다. 딥러닝에서는 둘 다 "합성곱"이라고 부르지만, 이
# 노트북에서는 어느 쪽인지 구별해서 말합니다.
# (슬라이드의 출처: 위키백과의 [Cross-correlation](https://en.wikipedia.org/wiki/Cross-correlation)과
# [영상](https://www.youtube.com/watch?v=O9-HN-yzsFQ))
#
# **과제.** `correlate_1d`와 `convolve_1d`를 작성하세요.

# %% nbgrader={"grade": false, "grade_id": "correlate-1d", "locked": false, "schema_version": 3, "solution": true}
def correlate_1d(signal, kernel):
    """Cross-correlation of two sequences, whole windows only.

    Args:
        signal: (N,) numbers; not changed.
        kernel: (K,) numbers, 1 <= K <= N; not changed.

    Returns:
        (N - K + 1,) array: sums of kernel[tau] * signal[t + tau].
    """
    ### BEGIN SOLUTION
    count = output_size(len(signal), len(kernel))
    return np.array([np.sum(kernel * signal[t : t + len(kernel)]) for t in range(count)])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-correlate-1d", "locked": true, "points": 5, "schema_version": 3, "solution": false}
check(correlate_1d, np.array([1, 2, 4, 8]), np.array([1, 0, -1]), expected=[-3, -6])
check(correlate_1d, np.array([1, 2, 4, 8]), np.array([1, 10]), expected=[21, 42, 84])
check(correlate_1d, np.array([0, 0, 1, 0, 0]), np.array([1, 2, 3]), expected=[3, 2, 1])


# %% nbgrader={"grade": false, "grade_id": "convolve-1d", "locked": false, "schema_version": 3, "solution": true}
def convolve_1d(signal, kernel):
    """The mathematician's convolution of two sequences, whole windows only.

    Args:
        signal: (N,) numbers; not changed.
        kernel: (K,) numbers, 1 <= K <= N; not changed.

    Returns:
        (N - K + 1,) array: the cross-correlation with the kernel turned around.
    """
    ### BEGIN SOLUTION
    return correlate_1d(signal, kernel[::-1])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-convolve-1d", "locked": true, "points": 5, "schema_version": 3, "solution": false}
check(convolve_1d, np.array([1, 2, 4, 8]), np.array([1, 0, -1]), expected=[3, 6])
check(convolve_1d, np.array([1, 2, 4, 8]), np.array([1, 10]), expected=[12, 24, 48])
check(convolve_1d, np.array([0, 0, 1, 0, 0]), np.array([1, 2, 3]), expected=[1, 2, 3])

# %% [markdown] tags=["en"]
# The bell, drawn: one impulse, a kernel that dies away, and the two answers.

# %% [markdown] tags=["ko"]
# 종소리를 그려 봅시다. 임펄스 하나와 점점 작아지는 커널, 그리고 두 가지 답입니다.

# %% nbgrader={"grade": false, "grade_id": "picture-1d", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
bell = np.zeros(15)
bell[7] = 1
fading = 0.6 ** np.arange(6)
answers = {
    "the kernel": fading,
    "cross-correlation": correlate_1d(bell, fading),
    "convolution": convolve_1d(bell, fading),
}
figure, panels = plt.subplots(1, 3, figsize=(10, 2.2), dpi=80, sharey=True)
for axes, (name, values) in zip(panels, answers.items(), strict=True):
    axes.bar(np.arange(len(values)), values)
    axes.set(title=name, xticks=range(0, len(values), 2))
plt.show()

# %% [markdown] tags=["en"]
# ## 4. Two dimensions: `conv2d`
#
# Now the window is a rectangle. This is the lecture's 5×5 example. Lay the kernel on the top left corner,
# multiply cell by cell, and add up:
#
# $$
# \begin{bmatrix}1&1&1\\0&1&1\\0&0&1\end{bmatrix} \odot
# \begin{bmatrix}1&0&1\\0&1&0\\1&0&1\end{bmatrix} =
# \begin{bmatrix}1&0&1\\0&1&0\\0&0&1\end{bmatrix}
# \quad\Rightarrow\quad 1 + 1 + 1 + 1 = 4
# $$
#
# One step to the right the sum is 3, and so on. $\odot$ is multiplication cell by cell, `*` in NumPy;
# `@` would be the matrix product, which is something else.
#
# The value at row $i$, column $j$ comes from the window whose corner is at row $i \cdot s_\text{rows}$,
# column $j \cdot s_\text{columns}$ of the *padded* image:
#
# $$\text{out}[i, j] = \sum_{u}\sum_{v} \text{kernel}[u, v] \cdot \text{padded}[i\,s_\text{rows} + u,\ j\,s_\text{columns} + v]$$
#
# A trap: MNIST's pixels are `uint8`, where $200 + 100 = 44$ because the number wraps around at 256.
# Compute in `float64`.
#
# **Task.** Write `conv2d` with what you have built: `padding_for`, `pad_2d`, `output_size`. Two nested
# loops are perfectly good. Do not assume that anything is square: the image, the kernel and the stride may
# differ between rows and columns.

# %% [markdown] tags=["ko"]
# ## 4. 2차원: `conv2d`
#
# 이제 창은 직사각형입니다. 강의의 5×5 예제를 봅시다. 커널을 왼쪽 위 모서리에 올려놓고, 칸마다 곱해서 모두
# 더합니다.
#
# $$
# \begin{bmatrix}1&1&1\\0&1&1\\0&0&1\end{bmatrix} \odot
# \begin{bmatrix}1&0&1\\0&1&0\\1&0&1\end{bmatrix} =
# \begin{bmatrix}1&0&1\\0&1&0\\0&0&1\end{bmatrix}
# \quad\Rightarrow\quad 1 + 1 + 1 + 1 = 4
# $$
#
# 오른쪽으로 한 칸 옮기면 합은 3이고, 이렇게 계속됩니다. $\odot$는 칸마다 곱하는 것으로 NumPy의 `*`입니다. `@`는
# 행렬 곱이라 전혀 다른 연산입니다.
#
# $i$행 $j$열의 값은 *패딩된* 이미지의 $i \cdot s_\text{rows}$행 $j \cdot s_\text{columns}$열에서 시작하는 창에서
# 나옵니다.
#
# $$\text{out}[i, j] = \sum_{u}\sum_{v} \text{kernel}[u, v] \cdot \text{padded}[i\,s_\text{rows} + u,\ j\,s_\text{columns} + v]$$
#
# 함정 하나: MNIST 픽셀은 `uint8`이고, 여기서는 256에서 값이 한 바퀴 돌기 때문에 $200 + 100 = 44$가 됩니다.
# `float64`로 계산하세요.
#
# **과제.** 지금까지 만든 `padding_for`, `pad_2d`, `output_size`로 `conv2d`를 작성하세요. 이중 반복문이면
# 충분합니다. 정사각형이라고 가정하지 마세요. 이미지도, 커널도, 스트라이드도 행과 열이 서로 다를 수 있습니다.

# %% nbgrader={"grade": false, "grade_id": "conv2d", "locked": false, "schema_version": 3, "solution": true}
def conv2d(image, kernel, stride=1, padding=0):
    """2-D cross-correlation: what CNN layers compute.

    Args:
        image: (H, W) integers or floats; not changed.
        kernel: (FH, FW) integers or floats; not changed.
        stride: an int, or (rows, columns).
        padding: an int for all four sides, or a mode: 'valid', 'same' or 'full'.

    Returns:
        (OH, OW) float64, signed, as computed: neither clipped nor rescaled.

    Raises:
        ValueError: the kernel does not fit into the padded image (the message says kernel).
    """
    ### BEGIN SOLUTION
    image = np.asarray(image, dtype=np.float64)
    kernel = np.asarray(kernel, dtype=np.float64)
    row_step, column_step = (stride, stride) if np.ndim(stride) == 0 else stride
    kernel_height, kernel_width = kernel.shape
    if isinstance(padding, str):
        padding = (
            padding_for(padding, image.shape[0], kernel_height, row_step),
            padding_for(padding, image.shape[1], kernel_width, column_step),
        )
    padded = pad_2d(image, padding)
    rows = output_size(padded.shape[0], kernel_height, row_step)
    columns = output_size(padded.shape[1], kernel_width, column_step)
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * row_step, j * column_step
            window = padded[top : top + kernel_height, left : left + kernel_width]
            result[i, j] = np.sum(window * kernel)
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-conv2d", "locked": true, "points": 12, "schema_version": 3, "solution": false}
slide_image = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
slide_kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
check(conv2d, slide_image, slide_kernel, expected=[[4, 3, 4], [2, 4, 3], [2, 3, 4]])
check(conv2d, np.array([[1, 2, 3], [4, 5, 6]]), np.array([[1, 0], [0, -10]]), expected=[[-49, -58]])
check(conv2d, np.array([[1, 2, 3], [4, 5, 6]]), np.array([[1, 10]]), expected=[[21, 32], [54, 65]])
assert np.asarray(conv2d(slide_image, slide_kernel)).dtype == np.float64, "the result must be float64"

# %% nbgrader={"grade": true, "grade_id": "test-conv2d-integers", "locked": true, "points": 5, "schema_version": 3, "solution": false}
bright = np.array([[200, 100], [50, 250]], dtype=np.uint8)
check(conv2d, bright, np.array([[1, 1], [1, 1]]), expected=[[600]])
check(conv2d, bright, np.array([[1, -1]]), expected=[[100], [-200]])
check(conv2d, bright, np.array([[0.5]]), expected=[[100, 50], [25, 125]])

# %% nbgrader={"grade": true, "grade_id": "test-conv2d-stride", "locked": true, "points": 8, "schema_version": 3, "solution": false}
steps = np.arange(20).reshape(4, 5)
check(conv2d, steps, np.array([[1]]), stride=2, expected=[[0, 2, 4], [10, 12, 14]])
check(conv2d, steps, np.array([[1, 0], [0, 1]]), stride=2, expected=[[6, 10], [26, 30]])
check(conv2d, steps, np.array([[1]]), stride=(3, 1), expected=[[0, 1, 2, 3, 4], [15, 16, 17, 18, 19]])

# %% nbgrader={"grade": true, "grade_id": "test-conv2d-padding", "locked": true, "points": 8, "schema_version": 3, "solution": false}
small = np.array([[1, 2], [3, 4]])
check(conv2d, small, np.array([[1, 2], [3, 4]]), padding=1, expected=[[4, 11, 6], [14, 30, 14], [6, 11, 4]])
check(conv2d, small, np.array([[1, 2], [3, 4]]), padding="full", expected=[[4, 11, 6], [14, 30, 14], [6, 11, 4]])
check(conv2d, small, np.array([[1, 2], [3, 4]]), padding="same", expected=[[30, 14], [11, 4]])
check(conv2d, small, np.array([[1, 2], [3, 4]]), padding="valid", expected=[[30]])

# %% [markdown] tags=["en"]
# ### Watch it move
#
# Here are the seven animations of the lecture, drawn from your own `pad_2d`, `output_size` and `conv2d`. The first is the
# slide's 5×5 image, whose result begins with 4 3 4. Change the number in the last line from 1 to 7, or call
# `animate_conv2d` with another stride, another padding, another kernel. (The pictures of the slides are those of
# [Convolution arithmetic](https://github.com/vdumoulin/conv_arithmetic).)

# %% [markdown] tags=["ko"]
# ### 움직이는 모습 보기
#
# 강의에서 본 일곱 애니메이션을 여러분의 `pad_2d`, `output_size`, `conv2d`로 그립니다. 첫 번째는 슬라이드의 5×5 이미지이고
# 결과는 4 3 4로 시작합니다. 마지막 줄의 숫자를 1부터 7까지 바꿔 보세요. `animate_conv2d`에 다른 스트라이드나 패딩,
# 커널을 넣어도 됩니다. (슬라이드의 그림은
# [Convolution arithmetic](https://github.com/vdumoulin/conv_arithmetic)에서 왔습니다.)

# %% nbgrader={"grade": false, "grade_id": "animation", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
from IPython.display import HTML
from matplotlib.animation import FuncAnimation


def animate_conv2d(image, kernel, stride=1, padding=0):
    """The kernel sliding over an image, and the output filling up.

    Args:
        image: (H, W) numbers.
        kernel: (FH, FW) numbers.
        stride: an int.
        padding: an int.

    Returns:
        HTML with a player; it is shown in Jupyter, Colab and VS Code alike.
    """
    result = conv2d(image, kernel, stride, padding)
    padded = pad_2d(image, padding)
    rows = output_size(image.shape[0], kernel.shape[0], stride, padding)
    columns = output_size(image.shape[1], kernel.shape[1], stride, padding)
    figure, (left, right) = plt.subplots(1, 2, figsize=(5, 2.6), dpi=60)
    colours = np.zeros(padded.shape)
    colours[padding : padding + image.shape[0], padding : padding + image.shape[1]] = 1
    squares = show_cells(left, colours, INPUT_COLOURS)
    done = show_cells(right, np.zeros(result.shape), ListedColormap(["#eeeeee", "#50c8c8"]), vmax=1)
    for (row, column), value in np.ndenumerate(padded):
        left.text(column + 0.5, row + 0.5, f"{value:g}", ha="center", va="center")
    places = list(np.ndindex(rows, columns))
    numbers = [right.text(column + 0.5, row + 0.5, "", ha="center", va="center") for row, column in places]
    left.set_title("input, padded")
    right.set_title("output")

    def draw(step):
        row, column = places[step]
        under = colours.copy()
        top, start = row * stride, column * stride
        under[top : top + kernel.shape[0], start : start + kernel.shape[1]] = 2
        squares.set_array(under)
        done.set_array((np.arange(rows * columns) <= step).astype(float).reshape(rows, columns))
        for index, number in enumerate(numbers):
            number.set_text(f"{result.flat[index]:g}" if index <= step else "")
        return [squares, done, *numbers]

    film = FuncAnimation(figure, draw, frames=rows * columns, interval=600)
    player = HTML(film.to_jshtml())
    plt.close(figure)  # otherwise its last frame would be shown below the player as well
    return player


# %% nbgrader={"grade": false, "grade_id": "animation-player", "locked": false, "schema_version": 3, "solution": false} tags=["picture", "skip-execution"]
slide_example = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
cross = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
ring = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]])
ANIMATIONS = {  # image, kernel, stride, padding
    1: (slide_example, cross, 1, 0),  # no padding, no strides: 4 3 4, 2 4 3, 2 3 4
    2: (slide_example, ring, 1, 2),  # arbitrary padding, no strides
    3: (slide_example, cross, 1, 1),  # half padding ('same'), no strides
    4: (slide_example, cross, 1, 2),  # full padding, no strides
    5: (slide_example, cross, 2, 0),  # no padding, strides
    6: (slide_example, cross, 2, 1),  # padding, strides
    7: (np.pad(slide_example, ((0, 1), (0, 1))), cross, 2, 1),  # padding, strides (odd)
}
animate_conv2d(*ANIMATIONS[1])

# %% [markdown] tags=["en"]
# How many 3×3 windows see each pixel of a 5×5 image? Put a one into every place of the output and spread it back over its
# window: that is again a `conv2d`, of ones, with `'full'` padding. The corners are seen once, the middle nine
# times. With one ring of padding the corners are seen four times: what padding is for.

# %% [markdown] tags=["ko"]
# 5×5 이미지에서 픽셀 하나를 보는 3×3 창은 몇 개일까요? 출력의 모든 자리에 1을 놓고 그 창 위로 다시 펼치면 됩니다. 이것도 1로
# 채운 배열의 `conv2d`이고 패딩은 `'full'`입니다. 모서리는 한 번, 가운데는 아홉 번입니다. 패딩을 한 겹 두르면
# 모서리도 네 번 보입니다. 패딩을 쓰는 이유가 바로 이것입니다.

# %% nbgrader={"grade": false, "grade_id": "picture-padding", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
window = np.ones((3, 3))
seen = {
    "padding 0": conv2d(np.ones((3, 3)), window, padding="full"),
    "padding 1": conv2d(np.ones((5, 5)), window, padding="full")[1:-1, 1:-1],
}
figure, panels = plt.subplots(1, 2, figsize=(6, 2.8), dpi=80)
for axes, (name, counts) in zip(panels, seen.items(), strict=True):
    show_cells(axes, counts, "Blues", vmax=14)
    axes.set_title(name, fontsize=10)
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column + 0.5, row + 0.5, f"{count:g}", ha="center", va="center")
plt.show()

# %% [markdown] tags=["en"]
# ## 5. The mathematician's convolution in 2-D
#
# As in one dimension: turn the kernel around, then correlate. In two dimensions "around" means both axes,
# upside down *and* left to right, a half turn.
#
# **Task.** Write `convolve_2d`.

# %% [markdown] tags=["ko"]
# ## 5. 2차원에서 수학의 합성곱
#
# 1차원과 같습니다. 커널을 뒤집은 다음 상관을 계산합니다. 2차원에서 뒤집는다는 것은 두 축 모두, 곧 위아래
# *그리고* 좌우로 뒤집는 반 바퀴 회전입니다.
#
# **과제.** `convolve_2d`를 작성하세요.

# %% nbgrader={"grade": false, "grade_id": "convolve-2d", "locked": false, "schema_version": 3, "solution": true}
def convolve_2d(image, kernel, stride=1, padding=0):
    """The mathematician's 2-D convolution: the kernel is turned by half a turn.

    Args, Returns and Raises: as for conv2d. Neither image nor kernel is changed.
    """
    ### BEGIN SOLUTION
    return conv2d(image, kernel[::-1, ::-1], stride, padding)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-convolve-2d", "locked": true, "points": 6, "schema_version": 3, "solution": false}
point = np.zeros((3, 4))
point[1, 1] = 1
letters = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
check(convolve_2d, point, letters, padding=1, expected=[[1, 2, 3, 0], [4, 5, 6, 0], [7, 8, 9, 0]])
check(convolve_2d, np.array([[1, 2, 3], [4, 5, 6]]), np.array([[1, 10], [100, 1000]]), expected=[[1245, 2356]])
assert np.asarray(convolve_2d(letters, letters)).dtype == np.float64, "the result must be float64"

# %% [markdown] tags=["en"]
# ## 6. A gallery of kernels
#
# What a kernel does lies in its numbers alone. A blur averages, so its weights sum to 1 and brightness
# stays. An edge detector compares a pixel with its neighbours, so its weights sum to 0 and a flat area
# becomes 0.
#
# **Task.** Fill the dictionary `KERNELS` with the lecture's kernels under the names
# `identity`, `ridge_4` (4 in the middle), `ridge_8` (8 in the middle), `sharpen`, `box_blur`, `gaussian_3x3`,
# `gaussian_5x5`:
#
# $$
# \text{identity}\begin{bmatrix}0&0&0\\0&1&0\\0&0&0\end{bmatrix}\;
# \text{ridge\_4}\begin{bmatrix}0&-1&0\\-1&4&-1\\0&-1&0\end{bmatrix}\;
# \text{ridge\_8}\begin{bmatrix}-1&-1&-1\\-1&8&-1\\-1&-1&-1\end{bmatrix}\;
# \text{sharpen}\begin{bmatrix}0&-1&0\\-1&5&-1\\0&-1&0\end{bmatrix}
# $$
#
# $$
# \text{box\_blur}\;\tfrac19\begin{bmatrix}1&1&1\\1&1&1\\1&1&1\end{bmatrix}\;
# \text{gaussian\_3x3}\;\tfrac1{16}\begin{bmatrix}1&2&1\\2&4&2\\1&2&1\end{bmatrix}\;
# \text{gaussian\_5x5}\;\tfrac1{256}\begin{bmatrix}1&4&6&4&1\\4&16&24&16&4\\6&24&36&24&6\\4&16&24&16&4\\1&4&6&4&1\end{bmatrix}
# $$
#
# All of these look the same after half a turn. With them alone nobody can see whether your code flips the kernel!
# So add two that are not symmetric, `sobel_x` (positive where it gets brighter to the right) and `sobel_y`
# (positive where it gets brighter downwards):
#
# $$
# \text{sobel\_x}\begin{bmatrix}-1&0&1\\-2&0&2\\-1&0&1\end{bmatrix}\;
# \text{sobel\_y}\begin{bmatrix}-1&-2&-1\\0&0&0\\1&2&1\end{bmatrix}
# $$
#
# *Hint:* the 5×5 Gaussian is the outer product of `[1, 4, 6, 4, 1]` with itself, divided by 256. (The slide's table is that of
# [Kernel (image processing)](https://en.wikipedia.org/wiki/Kernel_(image_processing)).)

# %% [markdown] tags=["ko"]
# ## 6. 커널 전시회
#
# 커널이 하는 일은 오로지 그 숫자들에 달려 있습니다. 흐림(blur)은 평균을 내므로 가중치의 합이 1이고 밝기가
# 유지됩니다. 외곽선 검출은 픽셀을 이웃과 비교하므로 가중치의 합이 0이고, 평평한 곳은 0이 됩니다.
#
# **과제.** 딕셔너리 `KERNELS`를 강의의 커널로 채우세요. 이름은 `identity`, `ridge_4`(가운데 4),
# `ridge_8`(가운데 8), `sharpen`, `box_blur`, `gaussian_3x3`, `gaussian_5x5`입니다.
#
# $$
# \text{identity}\begin{bmatrix}0&0&0\\0&1&0\\0&0&0\end{bmatrix}\;
# \text{ridge\_4}\begin{bmatrix}0&-1&0\\-1&4&-1\\0&-1&0\end{bmatrix}\;
# \text{ridge\_8}\begin{bmatrix}-1&-1&-1\\-1&8&-1\\-1&-1&-1\end{bmatrix}\;
# \text{sharpen}\begin{bmatrix}0&-1&0\\-1&5&-1\\0&-1&0\end{bmatrix}
# $$
#
# $$
# \text{box\_blur}\;\tfrac19\begin{bmatrix}1&1&1\\1&1&1\\1&1&1\end{bmatrix}\;
# \text{gaussian\_3x3}\;\tfrac1{16}\begin{bmatrix}1&2&1\\2&4&2\\1&2&1\end{bmatrix}\;
# \text{gaussian\_5x5}\;\tfrac1{256}\begin{bmatrix}1&4&6&4&1\\4&16&24&16&4\\6&24&36&24&6\\4&16&24&16&4\\1&4&6&4&1\end{bmatrix}
# $$
#
# 이 커널들은 모두 반 바퀴 돌려도 똑같습니다. 이것만으로는 여러분의 코드가 커널을 뒤집는지 아무도 알 수
# 없습니다! 그래서 대칭이 아닌 두 개를 더합니다. `sobel_x`는 오른쪽으로 밝아지는 곳에서, `sobel_y`는 아래로
# 밝아지는 곳에서 양수입니다.
#
# $$
# \text{sobel\_x}\begin{bmatrix}-1&0&1\\-2&0&2\\-1&0&1\end{bmatrix}\;
# \text{sobel\_y}\begin{bmatrix}-1&-2&-1\\0&0&0\\1&2&1\end{bmatrix}
# $$
#
# *힌트:* 5×5 가우시안은 `[1, 4, 6, 4, 1]`과 자기 자신의 외적을 256으로 나눈 것입니다. (슬라이드의 표는 위키백과의
# [Kernel (image processing)](https://en.wikipedia.org/wiki/Kernel_(image_processing))에서 왔습니다.)

# %% nbgrader={"grade": false, "grade_id": "kernels", "locked": false, "schema_version": 3, "solution": true}
KERNELS = {}  # name: 2-D array
### BEGIN SOLUTION
KERNELS["identity"] = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
KERNELS["ridge_4"] = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
KERNELS["ridge_8"] = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
KERNELS["sharpen"] = KERNELS["identity"] + KERNELS["ridge_4"]
KERNELS["box_blur"] = np.ones((3, 3)) / 9
KERNELS["gaussian_3x3"] = np.outer([1, 2, 1], [1, 2, 1]) / 16
KERNELS["gaussian_5x5"] = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
KERNELS["sobel_x"] = np.outer([1, 2, 1], [-1, 0, 1])
KERNELS["sobel_y"] = KERNELS["sobel_x"].T
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-kernels", "locked": true, "points": 6, "schema_version": 3, "solution": false}
if not KERNELS:
    raise NotImplementedError("not implemented yet: KERNELS is empty")
totals = {"identity": 1, "ridge_4": 0, "ridge_8": 0, "sharpen": 1, "box_blur": 1}
totals |= {"gaussian_3x3": 1, "gaussian_5x5": 1, "sobel_x": 0, "sobel_y": 0}
for name, total in totals.items():
    assert name in KERNELS, f"KERNELS has no {name!r}; it has {sorted(KERNELS)}"
    shape, weights = np.shape(KERNELS[name]), np.sum(KERNELS[name])
    wanted = (5, 5) if name == "gaussian_5x5" else (3, 3)
    assert shape == wanted, f"KERNELS[{name!r}] has the shape {shape}, expected {wanted}"
    assert np.isclose(weights, total), f"the weights of KERNELS[{name!r}] sum to {weights}, expected {total}"
    print("ok ", name)

# %% [markdown] tags=["en"]
# Your kernels over a real digit. Red is positive, blue negative, white zero.

# %% [markdown] tags=["ko"]
# 여러분의 커널을 진짜 숫자에 적용한 모습입니다. 빨강은 양수, 파랑은 음수, 흰색은 0입니다.

# %% nbgrader={"grade": false, "grade_id": "picture-kernels", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
if not KERNELS:
    raise NotImplementedError("not implemented yet: KERNELS is empty")
gallery = {name: conv2d(digit, kernel, padding="same") for name, kernel in KERNELS.items()}
figure, axes = plt.subplots(figsize=(11, 4.6), dpi=80)
in_a_row = (len(gallery) + 1) // 2
for place, (name, result) in enumerate(gallery.items()):
    reach = np.abs(result).max()
    row, column = divmod(place, in_a_row)
    extent = (column, column + 0.9, 1.2 * row + 0.9, 1.2 * row)
    axes.imshow(result, cmap="RdBu_r", vmin=-reach, vmax=reach, extent=extent)
    axes.text(column + 0.45, 1.2 * row - 0.05, name, ha="center", fontsize=10)
axes.set(xlim=(0, in_a_row), ylim=(2.1, -0.25))
axes.axis("off")
plt.show()

# %% [markdown] tags=["en"]
# ## 7. The edges of a digit, before and after
#
# Time to put it together, with the task that the lecture ends with: write a kernel by hand that traces the outline of an
# image, convolve an MNIST image with it in NumPy instead of calling a library's function, and show the input image and the
# output image side by side. The kernel and the convolution you have; what is left is to use them.
#
# **Task.** `detect_edges` uses the ridge kernel with all eight neighbours and returns a result as large as the
# image, zeros around it, negative values kept (they lie just outside the stroke). `compare_images` draws two images side by
# side in one Figure, the first on the left, each with a title, and returns the Figure.

# %% [markdown] tags=["ko"]
# ## 7. 숫자의 외곽선, 전과 후
#
# 이제 강의의 마지막 과제로 모두 합쳐 봅시다. 이미지의 외곽선을 따 주는 커널을 직접 적어 MNIST 이미지와 합성곱하되
# 라이브러리의 함수를 부르지 않고 NumPy로 계산하고, 인풋 이미지와 아웃풋 이미지를 나란히 띄워 비교합니다. 커널과 합성곱은
# 이미 만들었으니, 이제 쓰기만 하면 됩니다.
#
# **과제.** `detect_edges`는 여덟 이웃을 모두 쓰는 ridge 커널로, 0을 둘러서 이미지와 같은 크기의 결과를 냅니다.
# 음수도 그대로 둡니다(획의 바로 바깥쪽에 나타납니다). `compare_images`는 두 이미지를 한 Figure 안에
# 나란히(첫 번째가 왼쪽), 각각 제목을 붙여 그리고 그 Figure를 반환합니다.

# %% nbgrader={"grade": false, "grade_id": "detect-edges", "locked": false, "schema_version": 3, "solution": true}
def detect_edges(image):
    """Eight times each pixel minus its eight neighbours, with zeros around the image.

    Args:
        image: (H, W) integers or floats; not changed.

    Returns:
        (H, W) float64, signed.
    """
    ### BEGIN SOLUTION
    return conv2d(image, KERNELS["ridge_8"], padding="same")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-detect-edges", "locked": true, "points": 4, "schema_version": 3, "solution": false}
check(detect_edges, np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]]), expected=[[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
check(detect_edges, np.array([[9, 9, 9], [9, 9, 9], [9, 9, 9]]), expected=[[45, 27, 45], [27, 0, 27], [45, 27, 45]])
assert np.asarray(detect_edges(np.array([[0, 9], [9, 0]]))).dtype == np.float64, "the result must be float64"


# %% nbgrader={"grade": false, "grade_id": "compare-images", "locked": false, "schema_version": 3, "solution": true}
def compare_images(before, after):
    """Draw two images side by side (with imshow), whole and the right way up.

    Args:
        before: (H, W) numbers, drawn on the left as they are.
        after: (H2, W2) numbers, drawn on the right as they are.

    Returns:
        the matplotlib Figure, with a title that is not empty above each image.
    """
    ### BEGIN SOLUTION
    figure, panels = plt.subplots(1, 2, figsize=(7, 3.4), dpi=80)
    for axes, image, title in zip(panels, (before, after), ("before", "after"), strict=True):
        axes.imshow(image, cmap="gray")
        axes.set_title(f"{title} {np.shape(image)}")
        axes.axis("off")
    return figure
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-compare-images", "locked": true, "points": 4, "schema_version": 3, "solution": false}
drawn = compare_images(np.array([[0, 1], [2, 3]]), np.array([[3, 2, 1]]))
assert hasattr(drawn, "axes"), f"compare_images should return a Figure, not {drawn!r}"
panels = [inner for axes in drawn.axes for inner in (axes, *axes.child_axes) if inner.images]
shown = sum(len(axes.images) for axes in panels)
assert shown == 2, f"the Figure should show 2 images, it shows {shown}"
for axes in panels:
    titles = [axes.get_title(loc) for loc in ("left", "center", "right")]
    if axes.get_figure() is not drawn:  # a part of the Figure, made with subfigures
        titles.append(axes.get_figure().get_suptitle())
    assert any(titles) or len(axes.texts) >= len(axes.images) > 1, "each image needs a title"
plt.close(drawn)
print("ok  compare_images")

# %% nbgrader={"grade": false, "grade_id": "picture-edges", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
edges = detect_edges(digit)
comparison = compare_images(digit, edges)
plt.show()
print("smallest and largest value after:", edges.min(), edges.max())

# %% [markdown] tags=["en"]
# ## 8. In your own words
#
# A CNN *learns* the numbers in its kernels: they are its weights. Explain in three to six sentences:
#
# 1. Why does it make no difference to a CNN whether its layers compute convolution or cross-correlation?
# 2. Somebody hands you a finished `conv2d` without its source. Which kernel and which image would you try to
#    find out which of the two it computes, and why would none of the lecture's own kernels do?

# %% [markdown] tags=["ko"]
# ## 8. 자기 말로 설명하기
#
# CNN은 커널 안의 숫자를 *학습*합니다. 그 숫자가 바로 가중치입니다. 세 문장에서 여섯 문장으로 설명하세요.
#
# 1. CNN의 층이 합성곱을 계산하든 교차상관을 계산하든 왜 차이가 없을까요?
# 2. 누군가 소스 코드 없이 완성된 `conv2d`를 건네주었습니다. 둘 중 무엇을 계산하는지 알아내려면 어떤 커널과 어떤
#    이미지를 넣어 보겠습니까? 강의에 나온 커널로는 왜 알 수 없을까요?

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-flip", "locked": false, "points": 5, "schema_version": 3, "solution": true} tags=["en"]
# ### BEGIN SOLUTION
# 1. The two differ only in whether the kernel is turned by half a turn before it is laid on the image. A
#    network that learns its kernel by cross-correlation would learn the same kernel turned around if its layer
#    computed convolution: the outputs, the loss and its descent would be the same. The numbers are only
#    stored in another order. (It would matter if kernels were carried from one kind of layer to the other.)
# 2. A kernel that changes under half a turn, for example `[[1, 2], [3, 4]]` or `sobel_x`, over an image that is zero
#    except for a single one. Convolution copies the kernel to that place as it is; cross-correlation
#    copies it upside down and left to right. The lecture's kernels are symmetric: after half a turn they are the same,
#    so both operations give equal results for every image.
#
# *For the marker:* 2 points for "turned around, but learnt" in 1; 2 points for a kernel and an image that really
# separate the two; 1 point for the symmetry of the lecture's kernels.
# ### END SOLUTION

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-flip", "locked": false, "points": 5, "schema_version": 3, "solution": true} tags=["ko"]
# ### BEGIN SOLUTION
# 1. 둘의 차이는 커널을 이미지에 올리기 전에 반 바퀴 돌리는지뿐입니다. 교차상관으로 커널을 학습하는 신경망의 층을
#    합성곱으로 바꾸면, 같은 커널을 뒤집은 모양으로 학습합니다. 출력도 손실도 학습 과정도 똑같고, 숫자가 저장된 순서만
#    다릅니다. (한쪽 방식으로 학습한 커널을 다른 방식의 층에 옮길 때는 차이가 납니다.)
# 2. 반 바퀴 돌리면 달라지는 커널, 예를 들어 `[[1, 2], [3, 4]]`나 `sobel_x`를, 한 점만 1이고 나머지가 0인 이미지에 넣어
#    봅니다. 합성곱은 그 자리에 커널을 그대로 찍고, 교차상관은 위아래와 좌우를 뒤집어 찍습니다. 강의의 커널은 대칭이라
#    반 바퀴 돌려도 같으므로, 어떤 이미지에서도 두 연산의 결과가 같습니다.
#
# *채점 기준:* 1번에서 "뒤집히지만 그대로 학습된다"에 2점, 2번에서 실제로 둘을 구별하는 커널과 이미지에 2점, 강의 커널의
# 대칭성에 1점.
# ### END SOLUTION

# %% [markdown] tags=["en"]
# **Next week:** many kernels at once, over images with many channels, and pooling: the layers of a CNN.

# %% [markdown] tags=["ko"]
# **다음 주:** 여러 커널을 한꺼번에, 채널이 여러 개인 이미지에 적용하고, 풀링까지 더합니다. CNN의 층들입니다.
