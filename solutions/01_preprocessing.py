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
# # Week 1 · Preparing the data
#
# A network never sees a picture. It sees numbers, and they have to come in the shape and in the range that it
# expects. This week you build everything that happens *before* the first layer, in seven short functions:
#
# | function | turns | into | points |
# |---|---|---|---:|
# | `show_image` | a matrix of numbers | a picture | 8 |
# | `image_to_text` | a matrix of numbers | a printed table | 8 |
# | `flatten_images` | images, 28 × 28 | rows of 784 | 16 |
# | `normalize` | 0 … 255 | 0.0 … 1.0 | 16 |
# | `one_hot` | the label 5 | `[0 0 0 0 0 1 0 0 0 0]` | 20 |
# | `split_train_validation` | one data set | two, well mixed | 22 |
# | `preprocess` | images and labels | what a network takes | 10 |
#
# Fill in each place marked `YOUR CODE HERE` (and delete the `raise` line below it). The cell after it shows whether
# you are on the right way. Your points come from further tests of the same kind, with other inputs: other sizes,
# other values, images that are not square. No function may change the arrays that it is given.
#
# **To run it**, install what it needs once, in its folder: `python -m pip install -r requirements.txt`. Where the
# autograder is installed too, a new first cell with `%load_ext autograder` brings `%check`, and digits without a network.

# %% [markdown] tags=["ko"]
# # 1주차 · 데이터 전처리
#
# 신경망은 그림을 보지 못합니다. 숫자만 봅니다. 그리고 그 숫자는 신경망이 기대하는 모양과 범위로 들어와야 합니다.
# 이번 주에는 첫 번째 층에 *닿기 전까지* 일어나는 모든 일을 짧은 함수 일곱 개로 직접 만듭니다.
#
# | 함수 | 입력 | 결과 | 점수 |
# |---|---|---|---:|
# | `show_image` | 숫자 행렬 | 그림 | 8 |
# | `image_to_text` | 숫자 행렬 | 출력용 표 | 8 |
# | `flatten_images` | 28 × 28 이미지 | 784칸짜리 행 | 16 |
# | `normalize` | 0 … 255 | 0.0 … 1.0 | 16 |
# | `one_hot` | 레이블 5 | `[0 0 0 0 0 1 0 0 0 0]` | 20 |
# | `split_train_validation` | 데이터 한 묶음 | 잘 섞인 두 묶음 | 22 |
# | `preprocess` | 이미지와 레이블 | 신경망이 받는 형태 | 10 |
#
# `YOUR CODE HERE`라고 적힌 곳을 채우고 그 아래의 `raise` 줄은 지우세요. 바로 다음 셀을 실행하면 방향이 맞는지 알 수
# 있습니다. 점수는 같은 종류의 다른 테스트로 매깁니다. 입력의 크기와 값이 다르고, 정사각형이 아닌 이미지도 나옵니다.
# 어떤 함수도 인자로 받은 배열을 바꾸면 안 됩니다.
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
# ## 1. Seventy thousand digits
#
# **MNIST** is a collection of 70,000 handwritten digits, each with a *label* from 0 to 9 that says what was meant.
# They come already divided: 60,000 to **train** on and 10,000 to **test** with. The test images are the exam. A model
# that has seen the exam beforehand gets a fine mark that means nothing.
#
# An image is a matrix of 28 × 28 whole numbers from 0 to 255 (`uint8`, one byte each). The label is one number.
#
# **A note on sizes.** At home the cell below fetches the full data set. The grader has no network, so there the same
# call returns a smaller set of real MNIST images. Code that asks an array for its size works in both places;
# code with a 60000 written into it does not.

# %% [markdown] tags=["ko"]
# ## 1. 손글씨 숫자 7만 개
#
# **MNIST**는 손으로 쓴 숫자 70,000개를 모은 데이터셋입니다. 이미지마다 어떤 숫자인지 알려 주는 *레이블*(0~9)이 붙어
# 있습니다. 데이터는 처음부터 둘로 나뉘어 있는데, 60,000개는 **학습용**, 10,000개는 **테스트용**입니다. 테스트 이미지는
# 시험 문제입니다. 시험 문제를 미리 본 모델은 좋은 점수를 받아도 그 점수에는 의미가 없습니다.
#
# 이미지 하나는 0에서 255까지의 정수(`uint8`, 하나에 1바이트)로 된 28 × 28 행렬이고, 레이블은 숫자 하나입니다.
#
# **데이터 크기에 대하여.** 여러분의 컴퓨터에서는 아래 셀이 전체 데이터를 내려받습니다. 채점 서버에는 네트워크가 없어서
# 같은 코드가 더 작은 MNIST 묶음을 반환합니다. 배열에게 크기를 물어보는 코드는 어디서나 동작하지만, 60000이라고 직접
# 적어 놓은 코드는 그렇지 않습니다.

# %% nbgrader={"grade": false, "grade_id": "load-data", "locked": true, "schema_version": 3, "solution": false}
from keras.datasets import mnist

(x_train, y_train), (x_test, y_test) = mnist.load_data()

print(f"training images: {x_train.shape[0]:6d}   shape {x_train.shape}, {x_train.dtype}")
print(f"test images:     {x_test.shape[0]:6d}   shape {x_test.shape}, {x_test.dtype}")
print(f"the first label: {y_train[0]}")

# %% [markdown] tags=["en"]
# ## 2. Chance that can be repeated
#
# Later this week you shuffle data, and next week a network starts from random weights. To find an error, or to
# compare two ideas, you want the *same* chance again. A **seed** is the number that a random generator starts from:
# same seed, same sequence.
#
# Programs on the lecture slides call `numpy.random.seed(0)`. It resets one generator that is hidden inside NumPy and
# shared by *everybody*: if any library draws a single number in between, all your numbers shift. A **Generator**,
# `np.random.default_rng(0)`, is an object of your own. You hand it to the function that needs chance, and nobody
# else touches it. That is why `split_train_validation` below takes an argument `rng`.
#
# The slides also call `tf.random.set_seed(3)`: TensorFlow has a generator of its own, from which a network's first
# weights and its dropout come. Today `keras.utils.set_random_seed(3)` seeds Python's, NumPy's and TensorFlow's at once;
# you will meet it in week 5.

# %% [markdown] tags=["ko"]
# ## 2. 다시 만들 수 있는 우연
#
# 이번 주 후반에는 데이터를 섞고, 다음 주에는 신경망이 무작위 가중치에서 출발합니다. 오류를 찾거나 두 방법을 비교하려면
# *똑같은* 우연을 다시 만들 수 있어야 합니다. **시드(seed)** 는 난수 생성기가 출발하는 숫자입니다. 시드가 같으면 나오는
# 난수의 순서도 같습니다.
#
# 강의 슬라이드의 코드는 `numpy.random.seed(0)`을 씁니다. 이 함수는 NumPy 안에 숨어 있는 생성기 하나를 초기화하는데,
# 그 생성기는 *모두가* 함께 씁니다. 중간에 어떤 라이브러리가 난수를 하나만 뽑아도 그 뒤의 숫자가 전부 밀립니다.
# **Generator**, 즉 `np.random.default_rng(0)`은 나만의 객체입니다. 난수가 필요한 함수에 직접 건네주고, 다른 누구도
# 건드리지 않습니다. 아래의 `split_train_validation`이 `rng`라는 인자를 받는 까닭입니다.
#
# 슬라이드에는 `tf.random.set_seed(3)`도 나옵니다. TensorFlow에는 따로 생성기가 있어서 신경망의 처음 가중치와 드롭아웃이
# 거기서 나옵니다. 지금은 `keras.utils.set_random_seed(3)` 하나로 파이썬, NumPy, TensorFlow의 시드를 한꺼번에 정합니다.
# 5주차에 쓰게 됩니다.

# %% nbgrader={"grade": false, "grade_id": "show-seeds", "locked": true, "schema_version": 3, "solution": false}
np.random.seed(0)
print("shared generator, seed 0:         ", np.random.randint(0, 100, size=6))
np.random.seed(0)
np.random.rand()  # somebody else draws one number in between
print("the same after one foreign draw:  ", np.random.randint(0, 100, size=6))

for attempt in ("first", "second"):
    own = np.random.default_rng(0)
    np.random.rand()  # a foreign draw does not reach this generator
    print(f"a Generator of our own, {attempt:6s}:   ", own.integers(0, 100, size=6))

# %% [markdown] tags=["en"]
# ## 3. Look before you compute
#
# The first thing to do with new data is to look at it. `imshow` draws a matrix: every number becomes a small square.
# Which colour it gets is decided by a **colour map**. With `cmap="Greys"` a 0 is white and the largest number is
# black, like ink on paper, which is how these digits were written. (Without it you get Matplotlib's blue-to-yellow.)
#
# **Your task.** `show_image` draws one image with the `Greys` map and returns the **Axes** on which it was drawn.
# Axes is Matplotlib's name for one plot with its frame, title and labels; whoever gets it back can add to the plot.

# %% [markdown] tags=["ko"]
# ## 3. 계산하기 전에 먼저 보기
#
# 새 데이터를 만나면 가장 먼저 할 일은 눈으로 보는 것입니다. `imshow`는 행렬을 그립니다. 숫자 하나가 작은 네모 칸 하나가
# 됩니다. 어떤 색으로 칠할지는 **컬러맵(colour map)** 이 정합니다. `cmap="Greys"`를 쓰면 0은 흰색, 가장 큰 수는 검은색이
# 되어 종이에 잉크로 쓴 것처럼 보입니다. (생략하면 Matplotlib의 기본값인 파랑~노랑으로 그려집니다.)
#
# **과제.** `show_image`는 이미지 한 장을 `Greys` 컬러맵으로 그리고, 그림이 그려진 **Axes**를 반환합니다. Axes는 테두리와
# 제목, 축 이름을 가진 그래프 하나를 가리키는 Matplotlib의 이름입니다. 이것을 받은 쪽에서 그래프에 내용을 더할 수 있습니다.

# %% nbgrader={"grade": false, "grade_id": "show-image", "locked": false, "schema_version": 3, "solution": true}
def show_image(image: np.ndarray) -> plt.Axes:
    """Draw an image with `imshow` and the `Greys` colour map.

    Args:
        image: array of shape (H, W), numbers of any size and type; row 0 is at the top, column 0 on the left.

    Returns:
        the Matplotlib Axes that holds the drawing.
    """
    ### BEGIN SOLUTION
    _, axes = plt.subplots(figsize=(3, 3))
    axes.imshow(image, cmap="Greys")
    return axes
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "picture-digit", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
axes = show_image(x_train[0])
axes.set_title(f"label: {y_train[0]}")
plt.show()

# %% nbgrader={"grade": true, "grade_id": "test-show-image", "locked": true, "points": 8, "schema_version": 3, "solution": false}
plt.close("all")
little_image = np.array([[0, 60, 120], [255, 240, 30]], dtype=np.uint8)
axes = show_image(little_image)
assert axes is not None, "show_image came back with None: is a `return` missing?"
assert hasattr(axes, "get_xlabel"), f"show_image should return the Axes, it returned a {type(axes).__name__}"
assert len(axes.images) == 1, f"the Axes should hold one image, it holds {len(axes.images)}"
drawn = np.asarray(axes.images[0].get_array(), dtype=float)
if not axes.yaxis_inverted():  # then the first row is drawn at the bottom
    drawn = drawn[::-1]
assert drawn.shape == (2, 3), f"the image on the Axes has shape {drawn.shape}, expected (2, 3)"
assert np.allclose(drawn / drawn.max() * 255, little_image), f"the Axes holds another image:\n{drawn}"
name = axes.images[0].get_cmap().name
assert name == "Greys", f"the colour map is called {name!r}, expected 'Greys'"
plt.close("all")
print("ok  show_image")

# %% [markdown] tags=["en"]
# ## 4. The same image as numbers
#
# What the picture shows in ink, the computer holds as numbers: 0 where the paper is white, 1 to 255 where there is
# ink. Written out as a table, with a **tab** (`"\t"`) between neighbours and a **newline** (`"\n"`) at the end of
# every row, even the shape of the digit can be seen.
#
# **Worked example.** The image `[[0, 7, 255], [12, 0, 3]]` becomes this text:
#
# ```
# "0\t7\t255\n12\t0\t3\n"
# ```
#
# **Your task.** `image_to_text` *returns* this text (printing it is up to the caller). A tab stands *between* two
# numbers, so there is none at the end of a line; the lecture's loop, which prints number by number with
# `sys.stdout.write('%d\t' % i)`, leaves one there, which nobody sees on the screen. Today one would write an f-string, or
# join the numbers of a row with `"\t".join(...)`. The last row ends with `"\n"` like all the others.

# %% [markdown] tags=["ko"]
# ## 4. 같은 이미지를 숫자로
#
# 그림에서 잉크로 보이던 것이 컴퓨터에는 숫자로 들어 있습니다. 흰 종이는 0, 잉크가 묻은 곳은 1~255입니다. 이웃한 숫자
# 사이에 **탭**(`"\t"`)을, 각 행의 끝에 **줄바꿈**(`"\n"`)을 넣어 표로 적으면 숫자의 모양까지 보입니다.
#
# **예제.** 이미지 `[[0, 7, 255], [12, 0, 3]]`은 다음 문자열이 됩니다.
#
# ```
# "0\t7\t255\n12\t0\t3\n"
# ```
#
# **과제.** `image_to_text`는 이 문자열을 *반환*합니다(출력은 함수를 부르는 쪽에서 합니다). 탭은 두 숫자 *사이에만*
# 들어가므로 줄 끝에는 없습니다. 강의의 반복문은 `sys.stdout.write('%d\t' % i)`로 숫자를 하나씩 출력하는데, 줄 끝에도 탭을
# 하나 남깁니다(화면에서는 보이지 않습니다). 지금은 f-문자열을 쓰거나 한 행의 숫자를 `"\t".join(...)`으로 잇습니다. 마지막 행도 다른 행과 똑같이 `"\n"`으로 끝납니다.

# %% nbgrader={"grade": false, "grade_id": "image-to-text", "locked": false, "schema_version": 3, "solution": true}
def image_to_text(image: np.ndarray) -> str:
    r"""Write an image as a table of numbers.

    Args:
        image: integer array of shape (H, W), of any size; the integers may be large or negative.

    Returns:
        H lines of W numbers; one tab between two numbers, and a newline at the end of every line.
    """
    ### BEGIN SOLUTION
    return "".join("\t".join(str(pixel) for pixel in row) + "\n" for row in image)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "picture-text", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
# On most screens a tab is eight characters wide; with four, the table fits.
print(image_to_text(x_train[0]).expandtabs(4))

# %% nbgrader={"grade": true, "grade_id": "test-image-to-text", "locked": true, "points": 8, "schema_version": 3, "solution": false}
check(image_to_text, np.array([[0, 7, 255], [12, 0, 3]], dtype=np.uint8), expected="0\t7\t255\n12\t0\t3\n")
check(image_to_text, np.array([[5]], dtype=np.uint8), expected="5\n")

# %% [markdown] tags=["en"]
# ## 5. From a square to a row
#
# Next week's network consists of *dense* layers: every input is connected to every neuron. Such a layer takes a row
# of numbers and does not know what "above" and "below" are. So we lay the rows of an image end to end,
# top row first. That is called **row-major** order, and $28 \times 28$ pixels become $784$ features.
#
# **Worked example.** Two images of 2 × 3 (the array has shape (2, 2, 3)) become two rows of 6:
#
# $$\begin{bmatrix}1&2&3\\4&5&6\end{bmatrix},\ \begin{bmatrix}7&8&9\\10&11&12\end{bmatrix}
# \ \longrightarrow\ \begin{bmatrix}1&2&3&4&5&6\\7&8&9&10&11&12\end{bmatrix}$$
#
# Note what stays apart: **one image, one row.** A pixel of the first image must never end up in the second row.
#
# **Your task.** `flatten_images` for any number of images (none at all included: N = 0) of any size.
# Values and dtype stay as they are. An array that is not three-dimensional raises a `ValueError` with a message
# that names the argument, `images` (or `Images`), so that the caller knows what to mend. A single 28 × 28 image is
# such a case: is it one image, or 28 little ones? Better to ask than to guess.

# %% [markdown] tags=["ko"]
# ## 5. 네모에서 한 줄로
#
# 다음 주의 신경망은 *완전 연결(dense)* 층으로 이루어집니다. 모든 입력이 모든 뉴런과 이어져 있습니다. 이런 층은 숫자 한
# 줄을 받으며 '위'와 '아래'가 무엇인지 모릅니다. 그래서 이미지의 행들을 맨 윗줄부터 차례로 이어 붙입니다. 이것을
# **행 우선(row-major)** 순서라고 하고, $28 \times 28$개의 픽셀은 $784$개의 특성이 됩니다.
#
# **예제.** 2 × 3 이미지 두 장(배열의 모양은 (2, 2, 3))은 6칸짜리 행 두 개가 됩니다.
#
# $$\begin{bmatrix}1&2&3\\4&5&6\end{bmatrix},\ \begin{bmatrix}7&8&9\\10&11&12\end{bmatrix}
# \ \longrightarrow\ \begin{bmatrix}1&2&3&4&5&6\\7&8&9&10&11&12\end{bmatrix}$$
#
# 섞이지 않는 것이 무엇인지 보세요. **이미지 한 장이 행 하나**입니다. 첫 번째 이미지의 픽셀이 두 번째 행으로 넘어가면 안
# 됩니다.
#
# **과제.** 이미지의 개수와 크기에 상관없이 동작하는 `flatten_images`를 작성하세요(한 장도 없는 경우, 즉 N = 0도
# 포함합니다). 값과 dtype은 그대로 둡니다. 3차원이 아닌 배열이 들어오면 `ValueError`를 일으키고, 무엇을 고쳐야 하는지 알
# 수 있도록 메시지에 인자의 이름인 `images`를 넣으세요(`Images`처럼 대문자로 써도 됩니다). 28 × 28 배열 하나가 바로
# 그런 경우입니다. 이미지 한 장일까요, 작은 이미지 28장일까요? 짐작하는 것보다 되묻는 편이 낫습니다.

# %% nbgrader={"grade": false, "grade_id": "flatten-images", "locked": false, "schema_version": 3, "solution": true}
def flatten_images(images: np.ndarray) -> np.ndarray:
    """Lay out every image as one row.

    Args:
        images: array of shape (N, H, W), any dtype, N may be 0.

    Returns:
        array of shape (N, H*W), row-major, same dtype and values.

    Raises:
        ValueError: `images` is not three-dimensional; the message names `images`.
    """
    ### BEGIN SOLUTION
    if images.ndim != 3:
        raise ValueError(f"images must have shape (N, H, W), not {images.shape}")
    count, height, width = images.shape
    # Not reshape(count, -1): with no images at all, NumPy could not work out the -1.
    return images.reshape(count, height * width)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "picture-rows", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
rows = flatten_images(x_train[:40])
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3), width_ratios=(1, 3), layout="constrained")
left.imshow(x_train[0], cmap="Greys")
left.set_title("one image, 28 x 28")
right.imshow(rows, cmap="Greys", aspect="auto", interpolation="none")
right.set(title="forty images, 40 x 784: a row each", xlabel="pixel", ylabel="image")
plt.show()

# %% [markdown] tags=["en"]
# On the right, each line is one digit. The stripes come from its 28 rows, laid end to end: paper, a little ink in the
# middle, paper again, then the next row. Nothing is lost, but neighbours above and below are now 28 places apart. (In
# week 3 convolution gives the network its second dimension back.)

# %% [markdown] tags=["ko"]
# 오른쪽 그림에서 한 줄이 숫자 하나입니다. 줄무늬는 28개의 행을 이어 붙였기 때문에 생깁니다. 종이, 가운데의 잉크
# 조금, 다시 종이, 그리고 다음 행이 이어집니다. 잃어버린 정보는 없지만 위아래로 이웃하던 픽셀은 이제 28칸 떨어져 있습니다.
# (3주차의 합성곱에서 신경망은 두 번째 차원을 되찾습니다.)

# %% nbgrader={"grade": true, "grade_id": "test-flatten-images", "locked": true, "points": 8, "schema_version": 3, "solution": false}
check(
    flatten_images,
    np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]),
    expected=[[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]],
)
kept = flatten_images(np.array([[[3, 1], [2, 250]]], dtype=np.uint8)).dtype
assert kept == np.uint8, f"flatten_images(a uint8 array)\n  came back with dtype {kept}\n  expected:  uint8"
print("ok  the dtype is kept")

# %% nbgrader={"grade": true, "grade_id": "test-flatten-images-edges", "locked": true, "points": 8, "schema_version": 3, "solution": false}
check(flatten_images, np.zeros((0, 2, 3)), expected=np.zeros((0, 6)))
try:
    came_back = flatten_images(np.zeros((4, 6)))
except ValueError as error:
    assert "images" in str(error).lower(), f"the message should name the argument 'images': {error}"
    print("ok  an array of shape (4, 6) is refused:", error)
else:
    raise AssertionError(
        f"flatten_images(an array of shape (4, 6))\n  came back: {came_back!r}\n  expected:  a ValueError"
    )

# %% [markdown] tags=["en"]
# ## 6. From 0 … 255 to 0 … 1
#
# A neuron multiplies its inputs by weights and adds up. Fresh weights are small, chosen for inputs of about the size
# of 1. If the inputs are in the hundreds, so are the sums, and then two bad things happen: softmax is *certain* of an
# answer before it has learnt anything, and each learning step is hundreds of times too long. Dividing by 255, the
# largest value a byte can have, brings every pixel into [0, 1].
#
# **Worked example.** $0 \to 0$, $51 \to 0.2$, $102 \to 0.4$, $255 \to 1$.
#
# Two traps:
# * A `uint8` holds whole numbers only, so the result has to be **float64**. (And in `uint8`, 200 + 100 is 44: it wraps
#   around at 256. Convert first, compute afterwards.)
# * Divide by **255**, not by the largest value of the batch. A dim photo would be brightened, and the same image would
#   become different numbers depending on which images happen to come along with it.
#
# **Your task.** `normalize` for integer arrays of any shape. A value below 0 or above 255 is no pixel: raise a
# `ValueError` that names `images`. Quietly clipping it would hide a mistake made earlier.

# %% [markdown] tags=["ko"]
# ## 6. 0 … 255를 0 … 1로
#
# 뉴런은 입력에 가중치를 곱해서 더합니다. 처음의 가중치는 크기가 1쯤 되는 입력에 맞춘 작은 수입니다. 입력이 수백이면
# 합도 수백이 되고, 나쁜 일이 두 가지 생깁니다. softmax는 배운 것도 없으면서 답을 *확신*하고, 학습의 한 걸음은 수백 배나
# 커집니다. 1바이트가 가질 수 있는 가장 큰 값인 255로 나누면 모든 픽셀이 [0, 1]에 들어옵니다.
#
# **예제.** $0 \to 0$, $51 \to 0.2$, $102 \to 0.4$, $255 \to 1$.
#
# 조심할 점이 두 가지 있습니다.
# * `uint8`에는 정수만 들어가므로 결과는 **float64**여야 합니다. (게다가 `uint8`에서는 200 + 100이 44입니다. 256에서 한
#   바퀴 돌기 때문입니다. 먼저 변환하고 나서 계산하세요.)
# * 그 묶음의 최댓값이 아니라 **255**로 나누세요. 최댓값으로 나누면 어두운 사진이 밝아지고, 같은 이미지라도 어떤 이미지와
#   함께 들어왔느냐에 따라 다른 숫자가 됩니다.
#
# **과제.** 어떤 모양의 정수 배열이든 받는 `normalize`를 작성하세요. 0보다 작거나 255보다 큰 값은 픽셀이 아니므로 `images`를
# 언급하는 `ValueError`를 일으킵니다. 조용히 잘라 내면 앞에서 생긴 실수가 숨어 버립니다.

# %% nbgrader={"grade": false, "grade_id": "normalize", "locked": false, "schema_version": 3, "solution": true}
def normalize(images: np.ndarray) -> np.ndarray:
    """Scale pixel values from 0...255 to 0...1.

    Args:
        images: integer array of any shape, values 0...255.

    Returns:
        float64 array of the same shape, values in [0, 1].

    Raises:
        ValueError: a value lies outside 0...255; the message names `images`.
    """
    ### BEGIN SOLUTION
    if np.any(images < 0) or np.any(images > 255):
        raise ValueError("images must hold values from 0 to 255")
    return images.astype(np.float64) / 255
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "picture-scaling", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
pixels = x_train[:500]
scaled = normalize(pixels)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
left.hist(pixels.ravel(), bins=64, color="dimgrey", log=True)
left.set(title="before", xlabel="pixel value", ylabel="how many")
right.hist(scaled.ravel(), bins=64, color="dimgrey", log=True)
right.set(title="after: only the ruler has changed", xlabel="pixel value")
plt.show()

# An untrained layer of ten neurons, with weights as small as Keras makes them, looks at 500 digits.
weights = np.random.default_rng(0).uniform(-0.087, 0.087, size=(784, 10))
for name, inputs in (("0 to 255", pixels), ("0 to 1", scaled)):
    scores = inputs.reshape(len(inputs), -1) @ weights
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    print(f"inputs {name:8s}  sums of size {scores.std():6.2f}, softmax is {shares.max(axis=1).mean():.0%} certain")

# %% nbgrader={"grade": true, "grade_id": "test-normalize", "locked": true, "points": 10, "schema_version": 3, "solution": false}
check(normalize, np.array([0, 51, 102, 255], dtype=np.uint8), expected=[0.0, 0.2, 0.4, 1.0])
check(normalize, np.array([[153, 204], [255, 0]]), expected=[[0.6, 0.8], [1.0, 0.0]])
came_back = normalize(np.array([[7]], dtype=np.uint8)).dtype
assert came_back == np.float64, f"normalize(a uint8 array)\n  came back with dtype {came_back}\n  expected:  float64"
print("ok  the result is float64")

# %% nbgrader={"grade": true, "grade_id": "test-normalize-range", "locked": true, "points": 6, "schema_version": 3, "solution": false}
try:
    came_back = normalize(np.array([12, 700, 3]))
except ValueError as error:
    assert "images" in str(error).lower(), f"the message should name the argument 'images': {error}"
    print("ok  a pixel of 700 is refused:", error)
else:
    raise AssertionError(f"normalize([12, 700, 3])\n  came back: {came_back!r}\n  expected:  a ValueError")

# %% [markdown] tags=["en"]
# ## 7. Labels are names, not amounts
#
# The label 8 is not "twice as much" as 4, and a 5 that is taken for a 6 is no smaller error than a 5 taken for a 0.
# Trained on the bare number, a network would learn exactly such nonsense. So a label is written as ten numbers, a 1 in
# the place of its class and 0 everywhere else. It is called **one-hot**, and it also is what the network puts
# out: ten probabilities, of which one should be 1. Any two different labels are now equally far apart.
#
# **Worked example.** With four classes, the labels `[2, 0, 3]` become
#
# $$\begin{bmatrix}0&0&1&0\\1&0&0&0\\0&0&0&1\end{bmatrix}$$
#
# One row a label, one column a class. Class 1 has its column although no label is 1: how many classes there are is
# known from the *problem*, not from the labels of one batch. Keras has a function for it, the slides'
# `to_categorical(Y_class_train, 10)`, today `keras.utils.to_categorical`; this week you write it yourself.
#
# **Your task.** `one_hot` for labels of shape (N,), and also for a column, (N, 1), in which many data files keep
# them. The result is float64. A label outside 0 … `num_classes` − 1 raises a `ValueError` that names `labels`. (Mind
# −1: to NumPy, it is a valid index and means "the last one".)

# %% [markdown] tags=["ko"]
# ## 7. 레이블은 양이 아니라 이름입니다
#
# 레이블 8은 4의 '두 배'가 아닙니다. 5를 6으로 착각한 것이 5를 0으로 착각한 것보다 작은 실수인 것도 아닙니다. 숫자를 그대로
# 두고 학습시키면 신경망은 바로 그런 엉터리를 배웁니다. 그래서 레이블 하나를 숫자 열 개로 적습니다. 자기 클래스의 자리에만
# 1, 나머지는 모두 0입니다. 이것을 **원-핫(one-hot)** 인코딩이라고 합니다. 신경망의 출력도 같은 모양입니다. 확률 열 개가 나오고
# 그중 하나가 1이 되어야 합니다. 이제 서로 다른 두 레이블 사이의 거리는 모두 같습니다.
#
# **예제.** 클래스가 네 개일 때 레이블 `[2, 0, 3]`은 다음과 같습니다.
#
# $$\begin{bmatrix}0&0&1&0\\1&0&0&0\\0&0&0&1\end{bmatrix}$$
#
# 레이블마다 행 하나, 클래스마다 열 하나입니다. 레이블 중에 1이 없어도 클래스 1의 열은 있습니다. 클래스가 몇 개인지는 그
# 묶음의 레이블이 아니라 *문제*가 정하기 때문입니다. Keras에는 이 일을 하는 함수가 있습니다. 슬라이드의
# `to_categorical(Y_class_train, 10)`이고, 지금 이름은 `keras.utils.to_categorical`입니다. 이번 주에는 직접 작성합니다.
#
# **과제.** 모양이 (N,)인 레이블과, 많은 데이터 파일이 쓰는 열 모양 (N, 1)을 모두 받는 `one_hot`을 작성하세요. 결과는
# float64입니다. 레이블이 0 … `num_classes` − 1을 벗어나면 `labels`를 언급하는 `ValueError`를 일으킵니다. (−1을 조심하세요.
# NumPy에서는 '마지막 것'을 뜻하는 올바른 인덱스입니다.)

# %% nbgrader={"grade": false, "grade_id": "one-hot", "locked": false, "schema_version": 3, "solution": true}
def one_hot(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Write every label as a row with a single 1.

    Args:
        labels: integer array of shape (N,) or (N, 1), values 0...num_classes-1.
        num_classes: how many classes there are.

    Returns:
        float64 array of shape (N, num_classes).

    Raises:
        ValueError: a label lies outside 0...num_classes-1; the message names `labels`.
    """
    ### BEGIN SOLUTION
    flat = labels.reshape(-1)
    if np.any(flat < 0) or np.any(flat >= num_classes):
        raise ValueError(f"labels must lie in 0...{num_classes - 1}")
    encoded = np.zeros((len(flat), num_classes))
    encoded[np.arange(len(flat)), flat] = 1
    return encoded
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "picture-one-hot", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
encoded = one_hot(y_train[:30], 10)
figure, axes = plt.subplots(figsize=(9, 3.2), layout="constrained")
axes.imshow(encoded.T, cmap="Greys")
axes.set(title="thirty labels, one-hot (drawn with a column each)", xlabel="label", ylabel="class")
axes.set_xticks(range(30), y_train[:30])
axes.set_yticks(range(10))
plt.show()

# %% nbgrader={"grade": true, "grade_id": "test-one-hot", "locked": true, "points": 10, "schema_version": 3, "solution": false}
check(one_hot, np.array([2, 0, 3]), 4, expected=[[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
check(one_hot, np.array([5], dtype=np.uint8), 10, expected=[[0, 0, 0, 0, 0, 1, 0, 0, 0, 0]])
came_back = one_hot(np.array([1, 0]), 2).dtype
assert came_back == np.float64, f"one_hot([1, 0], 2)\n  came back with dtype {came_back}\n  expected:  float64"
print("ok  the result is float64")

# %% nbgrader={"grade": true, "grade_id": "test-one-hot-column", "locked": true, "points": 4, "schema_version": 3, "solution": false}
check(one_hot, np.array([[2], [0]]), 3, expected=[[0, 0, 1], [1, 0, 0]])

# %% nbgrader={"grade": true, "grade_id": "test-one-hot-range", "locked": true, "points": 6, "schema_version": 3, "solution": false}
try:
    came_back = one_hot(np.array([0, 7, 1]), 3)
except ValueError as error:
    assert "labels" in str(error).lower(), f"the message should name the argument 'labels': {error}"
    print("ok  label 7 of 3 classes is refused:", error)
else:
    raise AssertionError(f"one_hot([0, 7, 1], 3)\n  came back: {came_back!r}\n  expected:  a ValueError")

# %% [markdown] tags=["en"]
# ## 8. A mock exam: the validation set
#
# While a model trains, decisions come up. How long to go on? Which of two models is better? Answered with the
# *training* images, the one that learnt them by heart always wins. Answered with the *test* images, the exam has been
# used for studying, and its result is no longer honest. So we put aside a part of the training images as a mock exam:
# the **validation set**. It is never trained on, and it may be asked as often as we like.
#
# It has to be picked **at random**. Data are often stored in order, sorted by class or by writer. If the last fifth is
# cut off from sorted digits, the model never trains on a single 9 and is then examined in nothing else. The picture
# below your function shows it.
#
# **Your task.** `split_train_validation` divides `x` and `y`:
# * the validation set gets `int(N * validation_fraction)` rows, the training set all the others. Every row goes
#   to one of the two, none to both. Few rows and a small fraction may well give no validation row at all;
# * `x[i]` and `y[i]` belong together, before and after;
# * which rows go where, *and* in which order they come out, is decided by shuffling with `rng`, a
#   `numpy.random.Generator`, and by nothing else. Same seed, same split.
#
# **A thought to start with.** Shuffling `x` and then shuffling `y` separates the pairs. Shuffle the *row numbers*
# `0 … N-1` once instead (`rng.permutation` does that) and use them for both.

# %% [markdown] tags=["ko"]
# ## 8. 모의고사: 검증 세트
#
# 모델을 학습시키다 보면 정할 일이 생깁니다. 얼마나 더 학습할까? 두 모델 중 어느 것이 나을까? *학습* 이미지로 판단하면 통째로
# 외워 버린 모델이 늘 이깁니다. *테스트* 이미지로 판단하면 시험 문제로 공부한 셈이라 시험 결과를 더는 믿을 수 없습니다.
# 그래서 학습 이미지의 일부를 모의고사용으로 떼어 둡니다. 이것이 **검증(validation) 세트**입니다. 학습에는 절대로 쓰지 않고,
# 확인은 몇 번이든 할 수 있습니다.
#
# 검증 세트는 **무작위로** 골라야 합니다. 데이터는 클래스나 글씨를 쓴 사람 순서로 정렬되어 저장된 경우가 많습니다. 정렬된
# 숫자에서 마지막 5분의 1을 잘라 내면, 모델은 9를 한 번도 배우지 못한 채 9만 가득한 시험을 보게 됩니다. 함수 아래의
# 그림에서 확인해 보세요.
#
# **과제.** `split_train_validation`은 `x`와 `y`를 나눕니다.
# * 검증 세트에는 `int(N * validation_fraction)`개의 행이, 학습 세트에는 나머지 행이 모두 들어갑니다. 모든 행은 둘 중 한 곳에만
#   들어가고, 양쪽에 다 들어가는 행은 없습니다. 행이 적고 비율이 작으면 검증 행이 하나도 없을 수 있습니다.
# * `x[i]`와 `y[i]`는 나누기 전에도 나눈 뒤에도 짝입니다.
# * 어떤 행이 어디로 가는지, *그리고* 어떤 순서로 나오는지는 `numpy.random.Generator`인 `rng`로 섞어서 정하고, 다른 것에는
#   영향을 받지 않습니다. 시드가 같으면 결과도 같습니다.
#
# **출발점.** `x`를 섞고 나서 `y`를 따로 섞으면 짝이 흩어집니다. 대신 *행 번호* `0 … N-1`을 한 번만 섞어서
# (`rng.permutation`을 쓰면 됩니다) 양쪽에 똑같이 쓰세요.

# %% nbgrader={"grade": false, "grade_id": "split-train-validation", "locked": false, "schema_version": 3, "solution": true}
def split_train_validation(
    x: np.ndarray, y: np.ndarray, validation_fraction: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Divide shuffled data into a training and a validation set.

    Args:
        x: array of shape (N, ...), one row a sample.
        y: array of shape (N, ...), the labels in the same order.
        validation_fraction: share of the rows to put aside, between 0 and 1.
        rng: the generator that decides which rows go where and in which order.

    Returns:
        x_train, y_train, x_validation, y_validation; the last two have int(N * validation_fraction) rows,
        which may be 0. The rows of both sets come in shuffled order.
    """
    ### BEGIN SOLUTION
    order = rng.permutation(len(x))
    validation_count = int(len(x) * validation_fraction)
    validation, training = order[:validation_count], order[validation_count:]
    return x[training], y[training], x[validation], y[validation]
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "picture-split", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
digits = np.sort(y_train)  # a data set stored in order: all 0s, then all 1s, ...
numbers = np.arange(len(digits))
_, mixed_train, _, mixed_validation = split_train_validation(numbers, digits, 0.2, np.random.default_rng(0))
cut = len(mixed_train)
figure, panels = plt.subplots(1, 2, figsize=(10, 2.8), sharey=True, layout="constrained")
for panel, title, train, validation in (
    (panels[0], "the last fifth cut off", digits[:cut], digits[cut:]),
    (panels[1], "split_train_validation", mixed_train, mixed_validation),
):
    bottom = np.bincount(train, minlength=10)
    panel.bar(range(10), bottom, color="silver", label="training")
    panel.bar(range(10), np.bincount(validation, minlength=10), bottom=bottom, color="crimson", label="validation")
    panel.set(title=title, xlabel="digit")
    panel.set_xticks(range(10))
panels[0].set_ylabel("images")
panels[0].set_ylim(0, 1.35 * np.bincount(digits).max())
panels[0].legend(loc="upper left", ncols=2)
plt.show()

# %% nbgrader={"grade": true, "grade_id": "test-split-sizes", "locked": true, "points": 6, "schema_version": 3, "solution": false}
numbers = np.arange(10)
parts = split_train_validation(numbers, numbers * 11, 0.2, np.random.default_rng(1))
assert len(parts) == 4, f"split_train_validation should return 4 arrays, it returned {len(parts)}"
lengths = [len(part) for part in parts]
assert lengths == [8, 8, 2, 2], (
    f"split_train_validation(10 rows, 10 labels, 0.2, rng)\n  came back: parts of {lengths} rows\n  expected:  [8, 8, 2, 2]"
)
print("ok  10 rows, a fifth for validation: 8 + 2")

# %% nbgrader={"grade": true, "grade_id": "test-split-pairs", "locked": true, "points": 8, "schema_version": 3, "solution": false}
numbers = np.arange(12)
x_part, y_part, x_held, y_held = split_train_validation(numbers, numbers * 11, 0.25, np.random.default_rng(2))
assert np.array_equal(x_part * 11, y_part), f"pairs got lost in the training set:\n  x: {x_part}\n  y: {y_part}"
assert np.array_equal(x_held * 11, y_held), f"pairs got lost in the validation set:\n  x: {x_held}\n  y: {y_held}"
together = sorted([*x_part.tolist(), *x_held.tolist()])
assert together == numbers.tolist(), f"every row should be there once\n  came back: {together}"
print("ok  pairs kept, every row there once")

# %% nbgrader={"grade": true, "grade_id": "test-split-shuffle", "locked": true, "points": 8, "schema_version": 3, "solution": false}
numbers = np.arange(100)
x_part, _, x_held, _ = split_train_validation(numbers, numbers, 0.2, np.random.default_rng(3))
assert not np.array_equal(x_part, np.sort(x_part)), f"the training rows are still in order: {x_part}"
assert not np.array_equal(x_held, np.sort(x_held)), f"the validation rows are still in order: {x_held}"
again, _, _, _ = split_train_validation(numbers, numbers, 0.2, np.random.default_rng(3))
assert np.array_equal(x_part, again), "two calls with the same seed should give the same split"
print("ok  shuffled, and the same again with the same seed")

# %% [markdown] tags=["en"]
# ## 9. All together: one recipe for every image
#
# A network that was trained on numbers between 0 and 1 knows no others. Give it test images that still run to 255, and
# it fails, not because it learnt badly but because it is asked in a foreign language. So the test images go
# through **the same steps with the same constants** as the training images. The safest way to be sure of that is
# to have one function and to call it for both.
#
# **Your task.** `preprocess` flattens and normalises the images, encodes the labels, and returns both, `x` then
# `y`. Build it from your functions above, or write it anew.

# %% [markdown] tags=["ko"]
# ## 9. 하나로 합치기: 모든 이미지에 같은 방법을
#
# 0과 1 사이의 숫자로 학습한 신경망은 다른 숫자를 모릅니다. 값이 255까지 가는 테스트 이미지를 그대로 넣으면 제대로 맞히지
# 못합니다. 잘못 배워서가 아니라 모르는 언어로 질문을 받았기 때문입니다. 그래서 테스트 이미지도 학습 이미지와 **같은 상수로
# 같은 단계**를 거쳐야 합니다. 가장 확실한 방법은 함수를 하나만 만들어 양쪽에 쓰는 것입니다.
#
# **과제.** `preprocess`는 이미지를 펼치고 정규화하고 레이블을 인코딩해서 `x`, `y`의 순서로 반환합니다. 위에서 만든 함수를 써도
# 되고 새로 작성해도 됩니다.

# %% nbgrader={"grade": false, "grade_id": "preprocess", "locked": false, "schema_version": 3, "solution": true}
def preprocess(images: np.ndarray, labels: np.ndarray, num_classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Make images and labels ready for a network.

    Args:
        images: integer array of shape (N, H, W), values 0...255.
        labels: integer array of shape (N,) or (N, 1), values 0...num_classes-1.
        num_classes: how many classes there are.

    Returns:
        x, y: float64 arrays of shape (N, H*W), values in [0, 1], and (N, num_classes), one-hot.
    """
    ### BEGIN SOLUTION
    return normalize(flatten_images(images)), one_hot(labels, num_classes)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "picture-pipeline", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
# The way of the data, from the file to the network. (The first 5,000 images, to be kind to your memory.)
x, y = preprocess(x_train[:5000], y_train[:5000])
x_fit, y_fit, x_validation, y_validation = split_train_validation(x, y, 0.2, np.random.default_rng(0))
x_exam, y_exam = preprocess(x_test, y_test)
for name, inputs, targets in (
    ("training", x_fit, y_fit),
    ("validation", x_validation, y_validation),
    ("test", x_exam, y_exam),
):
    print(f"{name:11s} x {inputs.shape!s:13s} from {inputs.min():.0f} to {inputs.max():.0f}    y {targets.shape}")
print("first label:", y_train[0], "->", y[0])

# %% nbgrader={"grade": true, "grade_id": "test-preprocess", "locked": true, "points": 10, "schema_version": 3, "solution": false}
images = np.array([[[0, 51], [255, 102]], [[204, 0], [0, 153]]], dtype=np.uint8)
x, y = preprocess(images, np.array([2, 0], dtype=np.uint8), 3)
assert np.shape(x) == (2, 4), f"x has shape {np.shape(x)}, expected (2, 4)"
assert np.allclose(x, [[0, 0.2, 1, 0.4], [0.8, 0, 0, 0.6]]), f"x came back as\n{x}"
assert np.shape(y) == (2, 3), f"y has shape {np.shape(y)}, expected (2, 3)"
assert np.allclose(y, [[0, 0, 1], [1, 0, 0]]), f"y came back as\n{y}"
for name, part in (("x", x), ("y", y)):
    assert np.asarray(part).dtype == np.float64, f"{name} has dtype {np.asarray(part).dtype}, expected float64"
print("ok  preprocess")

# %% [markdown] tags=["en"]
# ## What you have now
#
# Every picture is a row of 784 numbers from 0 to 1, every label a row of ten, and there is a mock exam beside
# the real one. Next week these rows meet their first network.

# %% [markdown] tags=["ko"]
# ## 이제 갖춘 것
#
# 모든 그림은 0에서 1 사이의 숫자 784개짜리 행이 되었고, 모든 레이블은 숫자 열 개짜리 행이 되었습니다. 진짜 시험 옆에는
# 모의고사도 있습니다. 다음 주에 이 행들이 첫 번째 신경망을 만납니다.
