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
# # Week 5 · A convolutional network
#
# In week 4 you ran a convolutional network by hand, layer by layer. This week Keras runs it, and you do what
# Keras cannot do for you: know what every layer makes of its input, build the network, train it **without
# fooling yourself**, and look closely at what it still gets wrong.
#
# The network is the lecture's:
#
# | # | layer | what it is for |
# |---|---|---|
# | 1 | `Conv2D(32, (3, 3), activation='relu')` | 32 small patterns: edges, strokes |
# | 2 | `Conv2D(64, (3, 3), activation='relu')` | 64 patterns made of those patterns |
# | 3 | `MaxPooling2D(pool_size=2)` | half the height and width, the strongest answer stays |
# | 4 | `Dropout(0.25)` | in training, switch off a quarter of the values |
# | 5 | `Flatten()` | from a block of numbers to a row |
# | 6 | `Dense(128, activation='relu')` | combine everything |
# | 7 | `Dropout(0.5)` | in training, switch off half of them |
# | 8 | `Dense(10, activation='softmax')` | ten probabilities |
#
# Work from top to bottom, and replace each `raise NotImplementedError` with your own code. The cells marked
# as tests compare a few results with known ones; grading uses more inputs than you see here.
#
# **To run it**, install what it needs once, in its folder: `python -m pip install -r requirements.txt`. Where the
# autograder is installed too, a new first cell with `%load_ext autograder` brings `%check`, and digits without a network.

# %% [markdown] tags=["ko"]
# # 5주차 · 합성곱 신경망
#
# 4주차에는 합성곱 신경망을 한 층씩 손으로 계산했습니다. 이번 주에는 계산을 Keras에 맡깁니다. 대신 Keras가
# 해 줄 수 없는 일을 여러분이 합니다. 층마다 입력이 어떤 모양으로 바뀌는지 알아내고, 신경망을 만들고,
# **스스로를 속이지 않으면서** 학습시키고, 아직 틀리는 것을 자세히 들여다봅니다.
#
# 신경망은 강의에서 본 것과 같습니다.
#
# | # | 층 | 역할 |
# |---|---|---|
# | 1 | `Conv2D(32, (3, 3), activation='relu')` | 작은 패턴 32개: 모서리, 획 |
# | 2 | `Conv2D(64, (3, 3), activation='relu')` | 그 패턴들로 이루어진 패턴 64개 |
# | 3 | `MaxPooling2D(pool_size=2)` | 높이와 너비를 반으로, 가장 강한 반응만 남김 |
# | 4 | `Dropout(0.25)` | 학습할 때 값의 4분의 1을 끔 |
# | 5 | `Flatten()` | 블록 모양의 수를 한 줄로 |
# | 6 | `Dense(128, activation='relu')` | 모든 것을 조합 |
# | 7 | `Dropout(0.5)` | 학습할 때 절반을 끔 |
# | 8 | `Dense(10, activation='softmax')` | 확률 열 개 |
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
import keras
from keras import layers
from keras.datasets import mnist

(x_train, y_train), (x_test, y_test) = mnist.load_data()
print("for training:", x_train.shape, x_train.dtype, "- for the final test:", x_test.shape)

# %% [markdown] tags=["en"]
# ## 1. What each layer makes of its input
#
# A wrong shape is the commonest mistake in deep learning, and the cheapest to avoid: with a pencil. For one
# image (the batch axis is left out), with the rules of weeks 3 and 4:
#
# - **Conv2D** with a 3×3 kernel, stride 1 and no padding turns $n$ pixels into $n - 3 + 1 = n - 2$, once for
#   the height and once for the width. The last axis becomes the **number of kernels**: every kernel looks
#   through *all* channels at once and answers with one number.
# - **MaxPooling2D(2)** halves height and width. An odd row or column at the end is dropped: half a
#   window is no window.
# - **Dropout** switches values off, it does not remove them: the shape stays.
# - **Flatten** makes one row of all the values.
# - **Dense(u)** answers with `u` numbers.
#
# *Worked example.* A colour image of 10×8 pixels has the shape `(10, 8, 3)`. The first layer makes
# `(8, 6, 32)` of it (not 96: the three colours are summed), the second `(6, 4, 64)`, pooling
# `(3, 2, 64)`, and Flatten a row of $3 \cdot 2 \cdot 64 = 384$ numbers, written `(384,)`.
#
# **Task.** Write `layer_shapes`: a list of eight tuples, one after each layer of the table above.

# %% [markdown] tags=["ko"]
# ## 1. 층을 지날 때마다 모양이 어떻게 바뀔까?
#
# 모양(shape)이 맞지 않는 것은 딥러닝에서 가장 흔한 실수이고, 연필 한 자루면 막을 수 있는 실수입니다. 이미지
# 한 장에 대해(배치 축은 빼고) 3, 4주차의 규칙을 다시 적어 봅시다.
#
# - **Conv2D**: 3×3 커널, 스트라이드 1, 패딩 없음이면 픽셀 $n$개가 $n - 3 + 1 = n - 2$개가 됩니다. 높이와
#   너비에 각각 적용합니다. 마지막 축은 **커널의 개수**가 됩니다. 커널 하나는 *모든* 채널을 한꺼번에 보고
#   수 하나로 답하기 때문입니다.
# - **MaxPooling2D(2)**: 높이와 너비가 반이 됩니다. 끝에 남는 홀수 번째 행이나 열은 버립니다. 반쪽 창은
#   창이 아닙니다.
# - **Dropout**: 값을 끌 뿐 없애지 않습니다. 모양은 그대로입니다.
# - **Flatten**: 모든 값을 한 줄로 늘어놓습니다.
# - **Dense(u)**: 수 `u`개로 답합니다.
#
# *예제.* 10×8 컬러 이미지의 모양은 `(10, 8, 3)`입니다. 첫 층을 지나면 `(8, 6, 32)`(세 색은 더해지므로 96이
# 아닙니다), 둘째 층을 지나면 `(6, 4, 64)`, 풀링을 지나면 `(3, 2, 64)`입니다. Flatten을 지나면
# $3 \cdot 2 \cdot 64 = 384$개의 수가 한 줄이 되고, `(384,)`라고 씁니다.
#
# **과제.** `layer_shapes`를 작성하세요. 위 표의 층을 하나씩 지난 뒤의 모양 여덟 개를 튜플의 리스트로
# 반환합니다.

# %% nbgrader={"grade": false, "grade_id": "layer-shapes", "locked": false, "schema_version": 3, "solution": true}
def layer_shapes(input_shape=(28, 28, 1)):
    """Shape of one image after each of the network's eight layers, worked out without Keras.

    Args:
        input_shape: (height, width, channels) of the image; height and width are at least 6.

    Returns:
        A list of eight tuples of ints in the order of the layers; a row of n numbers is (n,).
    """
    ### BEGIN SOLUTION
    height, width, _ = input_shape  # how many channels come in changes the kernels, not what comes out
    first = (height - 2, width - 2, 32)
    second = (first[0] - 2, first[1] - 2, 64)
    pooled = (second[0] // 2, second[1] // 2, 64)
    row = (pooled[0] * pooled[1] * pooled[2],)
    return [first, second, pooled, pooled, row, (128,), (128,), (10,)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-layer-shapes", "locked": true, "points": 8, "schema_version": 3, "solution": false}
shapes = layer_shapes()
assert len(shapes) == 8, f"layer_shapes()\n  came back: {len(shapes)} shapes\n  expected:  8, one a layer"
for layer, expected in ((0, (26, 26, 32)), (7, (10,))):
    message = f"layer_shapes()[{layer}]\n  came back: {shapes[layer]!r}\n  expected:  {expected!r}"
    assert tuple(shapes[layer]) == expected, message
print("ok  the first and the last shape")

# %% nbgrader={"grade": true, "grade_id": "test-layer-shapes-other-images", "locked": true, "points": 4, "schema_version": 3, "solution": false}
shapes = layer_shapes((10, 8, 3))
for layer, expected in ((0, (8, 6, 32)), (1, (6, 4, 64)), (2, (3, 2, 64)), (4, (384,))):
    message = f"layer_shapes((10, 8, 3))[{layer}]\n  came back: {shapes[layer]!r}\n  expected:  {expected!r}"
    assert tuple(shapes[layer]) == expected, message
print("ok  the worked example")

# %% [markdown] tags=["en"]
# The network as a row of blocks, drawn from your shapes. The images shrink while the channels grow: less and
# less *where*, more and more *what*.

# %% [markdown] tags=["ko"]
# 여러분이 계산한 모양으로 그린 신경망입니다. 이미지는 작아지고 채널은 늘어납니다. *어디에* 있는지는 점점
# 줄어들고, *무엇*인지는 점점 늘어납니다.

# %% nbgrader={"grade": false, "grade_id": "drawing", "locked": true, "schema_version": 3, "solution": false}
NAMES = ["Conv2D", "Conv2D", "MaxPooling2D", "Dropout", "Flatten", "Dense", "Dropout", "Dense"]


def draw_block(axes, left, shape, name, colour):
    """Draw a block as high as the image, as wide as it has channels (or a thin row); return its right edge."""
    if len(shape) == 3:
        height, width = shape[0], 1.2 + shape[2] / 10
    else:
        height, width = 4 + 7 * np.log10(shape[0]), 1.2
    axes.add_patch(plt.Rectangle((left, -height / 2), width, height, facecolor=colour, edgecolor="black"))
    axes.text(left + width / 2, 16.5, name, ha="center", fontsize=8)
    axes.text(left + width / 2, -18.5, "×".join(map(str, shape)), ha="center", fontsize=8)
    return left + width


# %% nbgrader={"grade": false, "grade_id": "picture-shapes", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
blocks = [(28, 28, 1), *layer_shapes()]
figure, axes = plt.subplots(figsize=(13, 3.6), dpi=80)
right = 0.0
for name, shape in zip(["input", *NAMES], blocks, strict=False):
    colour = {"Conv2D": "#4a90d9", "MaxPooling2D": "#50c8c8", "Dense": "#f5a623"}.get(name, "#dddddd")
    right = draw_block(axes, right, shape, name, colour) + 5
axes.set(xlim=(-3, right), ylim=(-21, 20))
axes.axis("off")
plt.show()


# %% [markdown] tags=["en"]
# ## 2. Where the parameters are
#
# A parameter is a number that training may change. Count them layer by layer:
#
# - **Conv2D**: a kernel has a weight for every pixel of its window **in every input channel**,
#   $3 \cdot 3 \cdot C_\text{in}$ of them, and one bias. There is one kernel for each output channel:
#   $(3 \cdot 3 \cdot C_\text{in} + 1) \cdot C_\text{out}$. How large the image is does not matter: the same
#   kernel goes over all of it.
# - **Dense**: every output has a weight for every input, and one bias:
#   $(n_\text{in} + 1) \cdot n_\text{out}$.
# - Pooling, dropout and flattening follow a fixed rule. There is nothing to learn: 0.
#
# *Worked example.* A `Conv2D(8, (3, 3))` over a colour image: $(3 \cdot 3 \cdot 3 + 1) \cdot 8 = 224$.
#
# **Task.** Write `layer_parameters` for our network and 28×28 images with one channel. Let Python do the
# multiplications, so that a reader sees where each number comes from.

# %% [markdown] tags=["ko"]
# ## 2. 파라미터는 어디에 있을까?
#
# 파라미터는 학습하면서 바뀔 수 있는 수입니다. 층마다 세어 봅시다.
#
# - **Conv2D**: 커널 하나에는 창의 픽셀마다, 그것도 **입력 채널마다** 가중치가 하나씩 있으므로
#   $3 \cdot 3 \cdot C_\text{in}$개이고, 편향이 하나 더 있습니다. 커널은 출력 채널마다 하나이므로
#   $(3 \cdot 3 \cdot C_\text{in} + 1) \cdot C_\text{out}$개입니다. 이미지의 크기와는 상관없습니다. 같은
#   커널이 이미지 전체를 지나가기 때문입니다.
# - **Dense**: 출력마다 모든 입력에 대한 가중치와 편향 하나가 있습니다:
#   $(n_\text{in} + 1) \cdot n_\text{out}$.
# - 풀링, 드롭아웃, 플래튼은 정해진 규칙을 따릅니다. 배울 것이 없으니 0입니다.
#
# *예제.* 컬러 이미지에 `Conv2D(8, (3, 3))`을 쓰면 $(3 \cdot 3 \cdot 3 + 1) \cdot 8 = 224$개입니다.
#
# **과제.** 채널이 하나인 28×28 이미지를 받는 우리 신경망에 대해 `layer_parameters`를 작성하세요. 곱셈은
# 파이썬에 맡기세요. 그래야 읽는 사람이 각 수가 어디에서 나왔는지 알 수 있습니다.

# %% nbgrader={"grade": false, "grade_id": "layer-parameters", "locked": false, "schema_version": 3, "solution": true}
def layer_parameters():
    """How many numbers each of the network's eight layers can learn, for images of shape (28, 28, 1).

    Returns:
        A list of eight ints in the order of the layers; 0 for a layer that learns nothing.
    """
    ### BEGIN SOLUTION
    first = (3 * 3 * 1 + 1) * 32
    second = (3 * 3 * 32 + 1) * 64
    hidden = (12 * 12 * 64 + 1) * 128
    output = (128 + 1) * 10
    return [first, second, 0, 0, 0, hidden, 0, output]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-layer-parameters", "locked": true, "points": 10, "schema_version": 3, "solution": false}
counts = layer_parameters()
assert len(counts) == 8, f"layer_parameters()\n  came back: {counts!r}\n  expected:  8 numbers, one a layer"
assert sum(counts) == 1_199_882, (
    f"sum(layer_parameters())\n  came back: {sum(counts)}\n  expected:  1199882, from the layers {counts!r}"
)
print("ok  eight layers with", sum(counts), "parameters in all")

# %% nbgrader={"grade": false, "grade_id": "picture-parameters", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
counts = layer_parameters()
figure, axes = plt.subplots(figsize=(9, 3), dpi=80)
labels = [f"{number + 1} {name}" for number, name in enumerate(NAMES)]
bars = axes.barh(labels, np.maximum(counts, 1), color="#4a90d9")
axes.bar_label(bars, [f"{count:,}  ({count / sum(counts):.1%})" for count in counts], padding=4, fontsize=8)
axes.set(xscale="log", xlim=(1, 1e8), title="Parameters a layer (logarithmic axis)")
axes.invert_yaxis()
plt.show()

# %% [markdown] tags=["en"]
# The two convolutions do the seeing with less than 2 % of the parameters. Nearly everything else sits where Flatten
# meets the first dense layer.
#
# ### Explain in words (5 points)
#
# The first convolutional layer has 320 parameters, although it looks at the same 784 pixels as week 2's
# dense layer with its 401,920. In three to six sentences of your own: **why can a convolution do with so
# few? What does it take for granted about images, and what would be a kind of data for which that is
# wrong?** A person reads this answer.

# %% [markdown] tags=["ko"]
# 두 합성곱 층은 파라미터의 2%도 안 되는 수로 이미지를 봅니다. 나머지는 거의 전부 Flatten과 첫 완전 연결 층이 만나는 곳에
# 있습니다.
#
# ### 말로 설명하기 (5점)
#
# 첫 합성곱 층의 파라미터는 320개입니다. 2주차의 완전 연결 층은 똑같은 784개의 픽셀을 보는데 파라미터가
# 401,920개였습니다. 여러분의 말로 서너 문장에서 여섯 문장 정도로 설명하세요. **합성곱은 왜 이렇게 적은
# 파라미터로 충분할까요? 이미지에 대해 무엇을 당연하게 여기고 있으며, 그것이 맞지 않는 데이터로는 어떤 것이
# 있을까요?** 이 답은 사람이 읽고 채점합니다.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-convolution", "locked": false, "points": 5, "schema_version": 3, "solution": true} tags=["en"]
# ### BEGIN SOLUTION
# A convolution uses the same few weights at every place (weight sharing), and each of its outputs depends
# only on a small neighbourhood (locality). A dense layer learns a separate weight for each pixel and each
# output, so it has to learn a vertical stroke anew wherever it may stand. The convolution takes for granted
# that pixels close to each other belong together, and that a pattern means the same wherever it is, so that
# moving the digit only moves the answer. That is wrong where the place itself carries the meaning or where
# neighbours have nothing to do with each other: the columns of a table (age, income, postcode), or an image
# whose pixels have been shuffled.
# ### END SOLUTION

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-convolution", "locked": false, "points": 5, "schema_version": 3, "solution": true} tags=["ko"]
# ### BEGIN SOLUTION
# 합성곱은 모든 위치에서 같은 가중치 몇 개를 함께 쓰고(가중치 공유), 출력 하나는 작은 이웃에만
# 의존합니다(지역성). 완전 연결 층은 픽셀과 출력의 쌍마다 가중치를 따로 배우므로, 세로획 하나도 나타날 수 있는
# 자리마다 새로 배워야 합니다. 합성곱은 가까운 픽셀끼리 관련이 있고, 같은 패턴은 어디에 있든 같은 뜻이라고
# 가정합니다. 그래서 숫자를 옮기면 응답도 그만큼 옮겨질 뿐입니다. 위치 자체에 뜻이 있거나 이웃끼리 관련이
# 없는 데이터에는 이 가정이 맞지 않습니다. 예를 들면 표의 열(나이, 소득, 우편번호)이나 픽셀을 뒤섞은
# 이미지가 그렇습니다.
# ### END SOLUTION

# %% [markdown] tags=["en"]
# ## 3. Build it
#
# What the lecture's line says, argument by argument:
#
# ```python
# Conv2D(32, kernel_size=(3, 3), activation='relu')
# ```
#
# - `32`: how many kernels, and so how many channels come out;
# - `kernel_size`: `(rows, columns)` of each kernel;
# - `activation`: what is applied to every number afterwards;
# - `padding` and `strides` are left at `'valid'` and 1.
#
# The network has to be told what comes in: `layers.Input(shape=(28, 28, 1))` first, rows, columns, and
# channels (1 for grey, 3 for colour). The slide writes `input_shape=` inside the first layer; that still
# works, with a warning.
#
# **Compiling** decides what "better" means. Our labels are one-hot rows and the last layer gives
# probabilities, so the loss is `categorical_crossentropy`; the optimizer is Adam, and we also want to see
# the accuracy. Two traps: the `sparse_` loss is for labels written as single integers, and
# `from_logits=True` is for networks whose last layer has **no** softmax. Adam's own learning rate, 0.001, is fine;
# anything between 0.00001 and 0.02 is accepted.
#
# **Task.** Write `build_cnn`.

# %% [markdown] tags=["ko"]
# ## 3. 만들기
#
# 강의에서 본 한 줄을 인자별로 읽어 봅시다.
#
# ```python
# Conv2D(32, kernel_size=(3, 3), activation='relu')
# ```
#
# - `32`: 커널의 개수이자 출력 채널의 개수,
# - `kernel_size`: 커널의 크기 `(행, 열)`,
# - `activation`: 모든 값에 마지막으로 적용하는 활성화 함수,
# - `padding`과 `strides`는 기본값인 `'valid'`와 1을 그대로 씁니다.
#
# 무엇이 들어오는지도 알려 주어야 합니다. 맨 앞에 `layers.Input(shape=(28, 28, 1))`을 둡니다. 행, 열,
# 채널(흑백이면 1, 컬러이면 3)입니다. 슬라이드처럼 첫 층 안에 `input_shape=`를 써도 되지만 경고가 나옵니다.
#
# **컴파일**은 무엇을 "더 좋다"고 할지 정하는 단계입니다. 레이블은 원-핫 행이고 마지막 층은 확률을 내놓으므로
# 손실은 `categorical_crossentropy`입니다. 최적화 방법은 Adam이고, 정확도도 보고 싶습니다. 함정이 두 개
# 있습니다. `sparse_`가 붙은 손실은 레이블이 정수 하나일 때 쓰고, `from_logits=True`는 마지막 층에 softmax가
# **없을** 때 씁니다. 학습률은 Adam의 기본값인 0.001이면 되고, 0.00001과 0.02 사이이면 됩니다.
#
# **과제.** `build_cnn`을 작성하세요.

# %% nbgrader={"grade": false, "grade_id": "build-cnn", "locked": false, "schema_version": 3, "solution": true}
def build_cnn():
    """The network of the table above for images of shape (28, 28, 1), with fresh random weights.

    Returns:
        A compiled Keras model: categorical cross-entropy for one-hot labels, Adam at its own learning rate or one near
        it (0.00001 to 0.02), metric accuracy.
    """
    ### BEGIN SOLUTION
    model = keras.Sequential(
        [
            layers.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-build-cnn-layers", "locked": true, "points": 10, "schema_version": 3, "solution": false}
model = build_cnn()
names = [type(layer).__name__ for layer in model.layers]
names = [name for name in names if name not in ("InputLayer", "Activation", "ReLU", "Softmax")]
assert names == NAMES, f"layers of build_cnn()\n  came back: {names}\n  expected:  {NAMES}"
count = model.count_params()
assert count == 1_199_882, f"build_cnn().count_params()\n  came back: {count}\n  expected:  1199882"
assert model.output_shape == (None, 10), f"output shape\n  came back: {model.output_shape}\n  expected:  (None, 10)"
model.summary()

# %% nbgrader={"grade": true, "grade_id": "test-build-cnn-compiled", "locked": true, "points": 6, "schema_version": 3, "solution": false}
model = build_cnn()
assert model.compiled, "build_cnn() came back without having been compiled"
rows = np.array(model(np.random.default_rng(0).random((3, 28, 28, 1), dtype="float32")))
assert np.allclose(rows.sum(axis=1), 1, atol=1e-4), f"probabilities should sum to 1, these sum to {rows.sum(axis=1)}"
print("ok  compiled, and each image gets ten probabilities")

# %% [markdown] tags=["en"]
# `model.summary()` has just confirmed your pencil: its *Output Shape* is `layer_shapes()` with the batch
# axis in front, its *Param #* is `layer_parameters()`.
#
# ## 4. Train it, without fooling yourself
#
# Three sets of images, three jobs:
#
# | set | what it is used for |
# |---|---|
# | training | the weights are fitted to these images |
# | validation, **held out of the training images** | to decide: how many epochs, which weights to keep |
# | test | once, at the very end, to report how good the model is |
#
# Week 2's slide hands the *test* images to `validation_data`. Whatever is chosen by looking at the test
# images (here: when to stop) has been fitted to them, and the accuracy reported on them is too good. So
# `train_cnn` is given validation images of their own. It may **look** at them after each epoch, and never
# learns from them.
#
# The last epoch is not always the best one. The validation loss falls, turns, and rises again when
# the network begins to learn its training images by heart. Keep the weights of the epoch with the **lowest
# validation loss**: `EarlyStopping(monitor='val_loss', patience=..., restore_best_weights=True)` does that,
# and stops when nothing has improved for a while. (So does a `ModelCheckpoint` with `save_best_only=True`,
# if you load what it saved.)
#
# `model.fit(...)` returns a `History` object; its attribute `.history` is the dict we want, with a list for
# `loss`, `accuracy`, `val_loss` and `val_accuracy`, one number an epoch.
#
# **Task.** Write `train_cnn`. How many epochs and what batch size is your choice. In grading there are about
# two minutes on two slow cores for 3,500 images: 8 epochs in batches of 64 take some 15 seconds and reach the
# target comfortably.

# %% [markdown] tags=["ko"]
# `model.summary()`가 방금 연필 계산을 확인해 주었습니다. *Output Shape*는 `layer_shapes()` 앞에 배치 축을 붙인
# 것이고, *Param #*는 `layer_parameters()`입니다.
#
# ## 4. 스스로를 속이지 않고 학습시키기
#
# 이미지를 세 묶음으로 나누고, 각각 다른 일을 맡깁니다.
#
# | 묶음 | 쓰임 |
# |---|---|
# | 학습 | 가중치를 이 이미지에 맞춤 |
# | 검증, **학습 이미지에서 따로 떼어 둔 것** | 에포크 수와 남길 가중치를 결정 |
# | 테스트 | 맨 마지막에 단 한 번, 모델이 얼마나 좋은지 보고 |
#
# 2주차 슬라이드는 *테스트* 이미지를 `validation_data`로 넘깁니다. 테스트 이미지를 보고 고른 것(여기서는 멈출
# 때)은 테스트 이미지에 맞춰진 것이고, 그 이미지로 잰 정확도는 실제보다 좋게 나옵니다. 그래서 `train_cnn`은
# 검증 이미지를 따로 받습니다. 에포크가 끝날 때마다 검증 이미지를 **보는** 것은 되지만, 거기에서 배우면 안
# 됩니다.
#
# 마지막 에포크가 늘 가장 좋은 것도 아닙니다. 검증 손실은 줄어들다가, 신경망이 학습 이미지를 통째로 외우기
# 시작하면 방향을 바꾸어 다시 커집니다. **검증 손실이 가장 작았던** 에포크의 가중치를 남기세요.
# `EarlyStopping(monitor='val_loss', patience=..., restore_best_weights=True)`이 그 일을 하고, 한동안 나아지지
# 않으면 학습을 멈춥니다. (`save_best_only=True`인 `ModelCheckpoint`로 저장한 것을 다시 불러와도 됩니다.)
#
# `model.fit(...)`은 `History` 객체를 반환합니다. 우리가 원하는 것은 그 속성인 `.history` 딕셔너리입니다.
# `loss`, `accuracy`, `val_loss`, `val_accuracy`마다 에포크당 수 하나씩 담긴 리스트가 들어 있습니다.
#
# **과제.** `train_cnn`을 작성하세요. 에포크 수와 배치 크기는 여러분이 정합니다. 채점할 때는 이미지 3,500장과
# 느린 코어 두 개로 2분 정도가 주어집니다. 64장씩 8에포크이면 15초쯤 걸리고 목표를 여유 있게 넘습니다.

# %% nbgrader={"grade": false, "grade_id": "train-cnn", "locked": false, "schema_version": 3, "solution": true}
def train_cnn(model, x, y, validation_data):
    """Train a compiled model; it ends with the weights of the epoch with the lowest validation loss.

    Args:
        model: a compiled Keras model for images of shape (28, 28, 1), such as build_cnn() makes.
        x: training images, float32 (N, 28, 28, 1) in [0, 1]; not changed.
        y: their labels, one-hot, (N, 10); not changed.
        validation_data: (x, y) of held-out images in the same form; never trained on, and not changed.

    Returns:
        The history: a dict with lists of one number an epoch, "loss" and "val_loss" among them.
    """
    ### BEGIN SOLUTION
    keep_best = keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    history = model.fit(
        x,
        y,
        validation_data=validation_data,
        epochs=8,
        batch_size=64,
        verbose=0,
        callbacks=[keep_best],
    )
    return history.history
    ### END SOLUTION


# %% [markdown] tags=["en"]
# The three tests of `train_cnn` train a very small model on made-up images: stripes in the upper half, and
# validation images with stripes in the lower half. Like all cells that train, they run when you run them
# and are skipped when the whole notebook is executed for grading.

# %% [markdown] tags=["ko"]
# `train_cnn`을 확인하는 세 테스트는 아주 작은 모델을 만들어 낸 이미지로 학습시킵니다. 학습 이미지는 위쪽 절반에,
# 검증 이미지는 아래쪽 절반에 줄무늬가 있습니다. 학습하는 셀은 모두 여러분이 실행할 때만 실행되고, 채점하려고
# 노트북 전체를 실행할 때는 건너뜁니다.

# %% nbgrader={"grade": false, "grade_id": "small-model", "locked": true, "schema_version": 3, "solution": false}
def small_problem(count, rows, labels, seed):
    """Images with random ink in some rows and columns 8 to 19, and their labels one-hot."""
    images = np.zeros((count, 28, 28, 1), dtype="float32")
    images[:, rows, 8:20] = np.random.default_rng(seed).random((count, len(rows), 12, 1))
    return images, np.eye(10)[np.resize(labels, count)]


def small_model():
    """One dense layer, compiled."""
    model = keras.Sequential(
        [layers.Input(shape=(28, 28, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.05), metrics=["accuracy"])
    return model


# %% nbgrader={"grade": true, "grade_id": "test-train-cnn-history", "locked": true, "points": 8, "schema_version": 3, "solution": false} tags=["skip-execution"]
x, y = small_problem(120, range(2, 9), [3, 6], seed=1)
history = train_cnn(small_model(), x, y, small_problem(40, range(2, 9), [3, 6], seed=2))
assert isinstance(history, dict), f"train_cnn should return a dict, not {type(history).__name__}"
for name in ("loss", "val_loss"):
    assert name in history, f"train_cnn(...)\n  came back: a dict with {sorted(history)}\n  expected:  {name!r} among them"
    assert len(history[name]) >= 1, f"history[{name!r}] should have a number for each epoch"
print("ok  a history of", len(history["loss"]), "epochs")

# %% nbgrader={"grade": true, "grade_id": "test-train-cnn-best-weights", "locked": true, "points": 8, "schema_version": 3, "solution": false} tags=["skip-execution"]
x, y = small_problem(120, range(2, 9), [3, 6], seed=1)
validation = small_problem(40, range(2, 9), [9], seed=2)  # nines are never trained: this loss can only rise
model = small_model()
history = train_cnn(model, x, y, validation)
loss = model.evaluate(*validation, verbose=0)[0]
best = min(history["val_loss"])
assert np.isclose(loss, best, rtol=1e-2), (
    f"validation loss of the trained model\n  came back: {loss:.4f}\n  expected:  {best:.4f}, the best of "
    f"{np.round(history['val_loss'], 4).tolist()}"
)
print("ok  the weights are those of the best epoch")

# %% nbgrader={"grade": true, "grade_id": "test-train-cnn-held-out", "locked": true, "points": 8, "schema_version": 3, "solution": false} tags=["skip-execution"]
x, y = small_problem(120, range(2, 9), [3, 6], seed=1)
validation = small_problem(40, range(19, 26), [7], seed=2)
model = small_model()
before = model.get_weights()[0].reshape(28, 28, 10)
train_cnn(model, x, y, validation)
change = np.abs(model.get_weights()[0].reshape(28, 28, 10) - before)
above, below = change[2:9].mean(), change[19:26].mean()
assert below < 0.02 * above, (
    "weights that only validation images can change\n"
    f"  came back: changed by {below:.2g} on average (those of the training images by {above:.2g})\n"
    "  expected:  unchanged"
)
print("ok  nothing was learned from the validation images")

# %% [markdown] tags=["en"]
# ## 5. Ask it
#
# A trained model wants images the way it was trained: `float32` in [0, 1] with a channel axis. What people
# have is raw pixels, `uint8` from 0 to 255. A function that forgets to divide by 255 fails silently: the
# shapes are right, only the answers are not.
#
# The model answers with ten probabilities for each image, an array of shape `(N, 10)`. The label is the
# position of the largest one **in each row**.
#
# **Task.** Write `predict_digits`.

# %% [markdown] tags=["ko"]
# ## 5. 물어보기
#
# 학습된 모델은 학습할 때와 같은 형태의 이미지를 원합니다. 채널 축이 있고 [0, 1] 범위인 `float32`입니다. 사람들이
# 가진 것은 0부터 255까지의 `uint8` 픽셀입니다. 255로 나누는 것을 잊어도 오류는 나지 않습니다. 모양은 맞고 답만
# 틀립니다.
#
# 모델은 이미지마다 확률 열 개, 즉 모양이 `(N, 10)`인 배열로 답합니다. 레이블은 **각 행에서** 가장 큰 확률의
# 위치입니다.
#
# **과제.** `predict_digits`를 작성하세요.

# %% nbgrader={"grade": false, "grade_id": "predict-digits", "locked": false, "schema_version": 3, "solution": true}
def predict_digits(model, images):
    """The digit that a trained model sees in each image.

    Args:
        model: a Keras model for float32 images of shape (28, 28, 1) in [0, 1], with ten outputs.
        images: raw uint8 images (N, 28, 28), N at least 1; not changed.

    Returns:
        Integer labels, (N,), each 0 to 9.
    """
    ### BEGIN SOLUTION
    x = images.astype("float32")[..., np.newaxis] / 255
    return np.argmax(model.predict(x, verbose=0), axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-predict-digits", "locked": true, "points": 9, "schema_version": 3, "solution": false}
picky = keras.Sequential([layers.Input(shape=(28, 28, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")])
weights, bias = np.zeros((784, 10)), np.zeros(10)
weights[:10, :10] = 5 * np.eye(10)  # answers k where pixel k of the first row is the brightest
picky.set_weights([weights, bias])
images = np.zeros((3, 28, 28), dtype=np.uint8)
images[[0, 1, 2], 0, [4, 7, 1]] = 255
labels = predict_digits(picky, images)
assert np.shape(labels) == (3,), f"labels of 3 images\n  came back: shape {np.shape(labels)}\n  expected:  (3,)"
assert np.asarray(labels).dtype.kind in "iu", f"labels should be integers, not {np.asarray(labels).dtype}"
assert list(labels) == [4, 7, 1], f"predict_digits(...)\n  came back: {list(labels)}\n  expected:  [4, 7, 1]"
print("ok  three images, three labels")

# %% [markdown] tags=["en"]
# ## 6. What it takes for what
#
# The accuracy is one number; it does not say *which* digits are taken for which. The **confusion matrix**
# does: the entry in row $i$ and column $j$ counts the images that **are** $i$ and were **called** $j$. What
# is right lies on the diagonal, and the entries of row $i$ add up to the number of images that are $i$.
#
# *Worked example* with three classes:
#
# | image | 1 | 2 | 3 | 4 | 5 |
# |---|---|---|---|---|---|
# | is | 0 | 0 | 2 | 2 | 1 |
# | was called | 0 | 1 | 2 | 2 | 0 |
#
# $$\begin{bmatrix} 1 & 1 & 0 \\ 1 & 0 & 0 \\ 0 & 0 & 2 \end{bmatrix}$$
#
# **Task.** Write `confusion_matrix` with NumPy. Beware of `matrix[y_true, y_pred] += 1`: where an index
# comes twice it still adds 1 only once.

# %% [markdown] tags=["ko"]
# ## 6. 무엇을 무엇으로 착각할까?
#
# 정확도는 수 하나입니다. *어떤* 숫자를 무엇으로 착각했는지는 알려 주지 않습니다. **혼동 행렬**이 그것을 알려
# 줍니다. $i$행 $j$열의 값은 **실제로** $i$인데 $j$라고 **답한** 이미지의 개수입니다. 맞힌 것은 대각선에 있고,
# $i$행의 값을 모두 더하면 실제로 $i$인 이미지의 개수가 됩니다.
#
# 클래스가 셋인 *예제*입니다.
#
# | 이미지 | 1 | 2 | 3 | 4 | 5 |
# |---|---|---|---|---|---|
# | 실제 | 0 | 0 | 2 | 2 | 1 |
# | 답 | 0 | 1 | 2 | 2 | 0 |
#
# $$\begin{bmatrix} 1 & 1 & 0 \\ 1 & 0 & 0 \\ 0 & 0 & 2 \end{bmatrix}$$
#
# **과제.** NumPy로 `confusion_matrix`를 작성하세요. `matrix[y_true, y_pred] += 1`을 조심하세요. 같은 인덱스가 두 번
# 나와도 1만 더해집니다.

# %% nbgrader={"grade": false, "grade_id": "confusion-matrix", "locked": false, "schema_version": 3, "solution": true}
def confusion_matrix(y_true, y_pred, num_classes=10):
    """How often each class was called what.

    Args:
        y_true: integer labels (N,), each 0 to num_classes - 1; any integer dtype, uint8 too.
        y_pred: predicted labels, likewise.
        num_classes: number of rows and columns.

    Returns:
        Counts (num_classes, num_classes): rows are the true classes, columns the predicted ones.
    """
    ### BEGIN SOLUTION
    matrix = np.zeros((num_classes, num_classes), dtype=np.int64)
    np.add.at(matrix, (y_true, y_pred), 1)  # unlike `+=`, counts an index as often as it comes
    return matrix
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-confusion-matrix", "locked": true, "points": 10, "schema_version": 3, "solution": false}
check(
    confusion_matrix,
    np.array([0, 0, 2, 2, 1]),
    np.array([0, 1, 2, 2, 0]),
    num_classes=3,
    expected=[[1, 1, 0], [1, 0, 0], [0, 0, 2]],
)
check(confusion_matrix, np.array([1]), np.array([0]), num_classes=2, expected=[[0, 0], [1, 0]])

# %% [markdown] tags=["en"]
# ## 7. The whole thing
#
# Now everything together: hold images out, train, and test **once**. At home `mnist.load_data()` has 60,000
# training images and this takes a few minutes; get yourself a coffee. (`trained()` trains the first time it
# is called and remembers the result. To train anew, run the cell that defines it again.)

# %% [markdown] tags=["ko"]
# ## 7. 모두 합치기
#
# 이제 모두 합칩니다. 이미지를 따로 떼어 두고, 학습하고, 테스트는 **한 번만** 합니다. 집에서는
# `mnist.load_data()`의 학습 이미지가 60,000장이라서 몇 분쯤 걸립니다. 커피 한잔하고 오세요. (`trained()`는 처음
# 부를 때 학습하고 그 결과를 기억합니다. 다시 학습하려면 이 함수를 정의하는 셀을 다시 실행하세요.)

# %% nbgrader={"grade": false, "grade_id": "trained", "locked": true, "schema_version": 3, "solution": false}
from functools import cache


@cache
def trained():
    """Train the network on nine tenths of the training images; return the model and its history."""
    keras.utils.set_random_seed(0)
    x, y = x_train.astype("float32")[..., np.newaxis] / 255, np.eye(10)[y_train]
    held_out = len(x) // 10  # MNIST's images are in random order, so the last ones are as good as any
    model = build_cnn()
    history = train_cnn(model, x[:-held_out], y[:-held_out], (x[-held_out:], y[-held_out:]))
    return model, history


# %% nbgrader={"grade": false, "grade_id": "picture-losses", "locked": true, "schema_version": 3, "solution": false} tags=["picture", "skip-execution"]
model, history = trained()
epochs = np.arange(1, len(history["loss"]) + 1)
figure, axes = plt.subplots(figsize=(7, 3.5), dpi=80)
axes.plot(epochs, history["loss"], marker=".", color="blue", label="training loss (dropout on)")
axes.plot(epochs, history["val_loss"], marker=".", color="red", label="validation loss")
axes.axvline(np.argmin(history["val_loss"]) + 1, color="grey", linestyle="--", label="weights kept")
axes.set(xlabel="epoch", ylabel="loss")
axes.legend(loc="upper right")
axes.grid()
plt.show()

# %% [markdown] tags=["en"]
# Why may the training loss lie *above* the validation loss at first? It is an average over an epoch in which
# the network was still worse, and it is measured with dropout switched on. Validation is measured
# afterwards, with all values on.
#
# Grading trains your network on the course's 3,500 images, with fixed seeds, and counts how many of the images
# that it has never seen it names right. There is partial credit on the way: the rungs of the ladder are at
# 90 %, 93 %, 95 % and the target of 96 %, which week 2's dense network does not reach. From 98 % on there
# is a badge. Can you get there by changing how you train, say by showing each image shifted a little?

# %% [markdown] tags=["ko"]
# 처음에는 왜 학습 손실이 검증 손실보다 *위에* 있기도 할까요? 학습 손실은 신경망이 아직 덜 배웠을 때까지 포함한
# 에포크 동안의 평균이고, 드롭아웃을 켠 채로 잰 값입니다. 검증 손실은 에포크가 끝난 뒤 모든 값을 켜고 잽니다.
#
# 채점할 때는 여러분의 신경망을 강의용 이미지 3,500장으로, 시드를 고정하고 학습시킨 뒤, 한 번도 본 적 없는
# 이미지를 몇 장이나 맞히는지 셉니다. 목표까지 가는 동안에도 부분 점수가 있습니다. 사다리의 단은 90%, 93%,
# 95%, 그리고 목표인 96%입니다. 96%는 2주차의 Dense 신경망이 닿지 못하는 높이입니다. 98%부터는 배지를
# 받습니다. 학습 방법을 바꾸어서, 예를 들어 이미지를 조금씩 옮겨 보여 주어서 거기까지 갈 수 있을까요?

# %% nbgrader={"grade": true, "grade_id": "test-accuracy", "locked": true, "points": 14, "schema_version": 3, "solution": false} tags=["skip-execution"]
model, history = trained()
accuracy = np.mean(predict_digits(model, x_test) == y_test)
print(f"{accuracy:.2%} of {len(y_test)} test images are right")
assert accuracy >= 0.96, f"test accuracy\n  came back: {accuracy:.4f}\n  expected:  at least 0.96"

# %% nbgrader={"grade": false, "grade_id": "picture-confusion", "locked": true, "schema_version": 3, "solution": false} tags=["picture", "skip-execution"]
model, history = trained()
matrix = confusion_matrix(y_test, predict_digits(model, x_test))
figure, axes = plt.subplots(figsize=(5.5, 5), dpi=80)
mistakes = matrix - np.diag(np.diag(matrix))
axes.imshow(mistakes, cmap="Reds", vmin=0, vmax=2 * max(mistakes.max(), 1))  # pale enough to read
for row, column in np.ndindex(matrix.shape):
    if matrix[row, column]:
        weight = "bold" if row == column else "normal"
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", fontsize=8, fontweight=weight)
axes.set(xlabel="called", ylabel="is", xticks=range(10), yticks=range(10), title="Mistakes in red")
plt.show()

# %% nbgrader={"grade": false, "grade_id": "picture-missed", "locked": true, "schema_version": 3, "solution": false} tags=["picture", "skip-execution"]
model, history = trained()
labels = predict_digits(model, x_test)
missed = np.flatnonzero(labels != y_test)[:12]
figure, panels = plt.subplots(2, 6, figsize=(9, 3.6), dpi=80)
for panel in panels.flat:
    panel.axis("off")
for panel, index in zip(panels.flat, missed, strict=False):
    panel.imshow(x_test[index], cmap="Greys")
    panel.set_title(f"{y_test[index]}, called {labels[index]}", fontsize=9)
figure.suptitle("Some of the digits it misses. Would you have known?")
plt.show()

# %% [markdown] tags=["en"]
# What has it learned? Above, the 32 kernels of the first layer: red weights add, blue ones subtract; some
# resemble the edge detectors of week 3, and the network found them by itself. Below, what eight of them answer to one digit:
# the **feature maps**.

# %% [markdown] tags=["ko"]
# 무엇을 배웠을까요? 위는 첫 층의 커널 32개입니다. 빨간 가중치는 더하고 파란 가중치는 뺍니다. 3주차의 외곽선
# 커널과 닮은 것도 있는데, 신경망이 스스로 찾아낸 것입니다. 아래는 그중 여덟 개가 숫자 하나에 보인 반응, 즉
# **특징 맵**입니다.

# %% nbgrader={"grade": false, "grade_id": "picture-filters", "locked": true, "schema_version": 3, "solution": false} tags=["picture", "skip-execution"]
model, history = trained()
kernels = model.get_weights()[0]  # (3, 3, 1, 32)
limit = np.abs(kernels).max()
figure, panels = plt.subplots(2, 16, figsize=(12, 2), dpi=80)
for number, panel in enumerate(panels.flat):
    panel.imshow(kernels[:, :, 0, number], cmap="RdBu_r", vmin=-limit, vmax=limit)
    panel.axis("off")
plt.show()

digit = x_test[:1].astype("float32")[..., np.newaxis] / 255
first = next(layer for layer in model.layers if isinstance(layer, layers.Conv2D))
maps = np.array(first(digit))[0]  # (26, 26, 32)
strongest = np.argsort(maps.max(axis=(0, 1)))[-8:]
figure, panels = plt.subplots(1, 9, figsize=(12, 1.6), dpi=80)
panels[0].imshow(digit[0, :, :, 0], cmap="Greys")
for panel, number in zip(panels[1:], strongest, strict=False):
    panel.imshow(maps[:, :, number], cmap="viridis")
    panel.set_title(f"kernel {number}", fontsize=8)
for panel in panels:
    panel.axis("off")
plt.show()

# %% [markdown] tags=["en"]
# **What you have seen.** Five weeks ago a digit was a matrix of numbers. You have flattened it, convolved it,
# pooled it, and now a network of a million parameters reads it, with less than 2 % of them doing the seeing. You know
# what each of its layers does, because you have built every one of them yourself.

# %% [markdown] tags=["ko"]
# **지금까지 본 것.** 5주 전에 숫자 이미지는 그저 수의 행렬이었습니다. 여러분은 그것을 펼치고, 합성곱하고,
# 풀링했습니다. 이제는 백만 개가 넘는 파라미터를 가진 신경망이 그것을 읽고, 그중 2%도 안 되는 수가 보는 일을 맡습니다.
# 여러분은 모든 층을 직접 만들어 보았으니 각 층이 무엇을 하는지 압니다.
