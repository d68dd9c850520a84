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
# # Week 2 · A network of two layers
#
# Last week a picture became a row of 784 numbers between 0 and 1. This week a network turns such a row into ten
# numbers: how much it believes in each digit. You build every part of it yourself in NumPy, small enough to check
# by hand. Then you build the same network in Keras and let it learn.
#
# The whole model is two lines of arithmetic:
#
# $$h = \mathrm{relu}(x\,W_1 + b_1) \qquad\qquad \hat y = \mathrm{softmax}(h\,W_2 + b_2)$$
#
# Everything below is about those two lines: what each piece does, how wrong an answer is, and when to stop learning.
#
# **To run it**, install what it needs once, in its folder: `python -m pip install -r requirements.txt`. Where the
# autograder is installed too, a new first cell with `%load_ext autograder` brings `%check`, and digits without a network.

# %% [markdown] tags=["ko"]
# # 2주차 · 두 층짜리 신경망
#
# 지난주에 그림 한 장은 0과 1 사이의 숫자 784개짜리 행이 되었습니다. 이번 주에는 신경망이 그 행을 숫자 10개로
# 바꿉니다. 각 숫자는 "이 그림이 0일 것이다, 1일 것이다, …"라는 믿음의 크기입니다. 먼저 모든 부품을 NumPy로 직접
# 만듭니다. 손으로 검산할 수 있을 만큼 작습니다. 그다음 같은 신경망을 Keras로 만들어 학습시킵니다.
#
# 모델 전체는 두 줄짜리 계산입니다.
#
# $$h = \mathrm{relu}(x\,W_1 + b_1) \qquad\qquad \hat y = \mathrm{softmax}(h\,W_2 + b_2)$$
#
# 아래의 모든 내용은 이 두 줄에 관한 것입니다. 각 부품이 무엇을 하는지, 답이 얼마나 틀렸는지를 어떻게 재는지,
# 그리고 학습을 언제 멈춰야 하는지를 다룹니다.
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
# ## The data, and a set that nobody may learn from
#
# The next cell loads MNIST and prepares it as in week 1. It also puts every sixth training image aside. Those images
# are the **validation set**: the network never learns from them, we only look at them after each epoch to decide when
# to stop. The test set stays closed until the very end. You will see below why three sets are needed and not two.

# %% [markdown] tags=["ko"]
# ## 데이터, 그리고 아무도 배우면 안 되는 묶음
#
# 다음 셀은 MNIST를 불러와 1주차처럼 준비합니다. 그리고 학습 이미지 여섯 장 중 한 장을 따로 떼어 놓습니다. 떼어 놓은
# 이미지가 **검증 세트(validation set)** 입니다. 신경망은 이 이미지로 배우지 않고, 우리는 에포크가 끝날 때마다 언제 멈출지
# 정하려고 들여다보기만 합니다. 테스트셋은 맨 마지막까지 열지 않습니다. 왜 두 묶음이 아니라 세 묶음이 필요한지는 아래에서
# 보게 됩니다.

# %% nbgrader={"grade": false, "grade_id": "data", "locked": true, "schema_version": 3, "solution": false}
import os
import tempfile
from pathlib import Path

import keras
from keras.datasets import mnist

(x_train, y_train), (x_test, y_test) = mnist.load_data()


def prepare(images, labels):
    """Week 1 in two lines; float32, because that is what Keras computes with and it halves the memory."""
    rows = images.reshape(len(images), -1).astype("float32") / 255
    return rows, np.eye(10, dtype="float32")[labels]


held_out = np.arange(len(x_train)) % 6 == 0
x_fit, t_fit = prepare(x_train[~held_out], y_train[~held_out])
x_val, t_val = prepare(x_train[held_out], y_train[held_out])
print(f"to learn from: {len(x_fit)}   to validate with: {len(x_val)}   kept for the end: {len(x_test)}")

# %% nbgrader={"grade": false, "grade_id": "picture-network", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), width_ratios=(1, 2.4))
left.imshow(x_val[0].reshape(28, 28), cmap="Greys")
left.set(title="784 pixels", xticks=[], yticks=[])
columns = [(0, 9, "x\n784 inputs"), (1, 7, "h\n512 hidden, ReLU"), (2, 5, "y\n10 outputs, softmax")]
for (x_from, n_from, _), (x_to, n_to, _) in zip(columns, columns[1:], strict=False):
    for start in np.linspace(-1, 1, n_from):
        for end in np.linspace(-1, 1, n_to):
            right.plot([x_from, x_to], [start, end], color="0.85", linewidth=0.6, zorder=1)
for x_at, count, name in columns:
    right.scatter(np.full(count, x_at), np.linspace(-1, 1, count), s=60, color="tab:blue", zorder=2)
    right.text(x_at, -1.25, name, ha="center", va="top")
right.set(title="every unit sees all units before it (only a few are drawn)", ylim=(-1.8, 1.15))
right.axis("off")
plt.show()

# %% [markdown] tags=["en"]
# ## ReLU: let the positive through
#
# A layer without a bend is a matrix product, and two matrix products in a row are again one matrix product: ten layers
# would be no better than one. The bend makes depth worthwhile. The simplest one that works is the rectified linear
# unit: negative numbers become 0, the others stay as they are.
#
# $$\mathrm{relu}(z) = \max(z, 0)$$
#
# **Task.** Write `relu`. It works on every element of an array of any shape. As everywhere in this course, leave the
# argument itself as it was: whoever called you may still need it.

# %% [markdown] tags=["ko"]
# ## ReLU: 양수만 통과
#
# 꺾임, 곧 비선형 함수가 없는 층은 행렬곱 하나입니다. 행렬곱을 두 번 이어도 결국 행렬곱 하나이므로, 열 층을 쌓아도 한 층보다 나을 것이
# 없습니다. 층을 쌓는 보람은 꺾임에서 나옵니다. 쓸 만한 꺾임 중 가장 간단한 것이 ReLU(rectified linear unit)입니다.
# 음수는 0이 되고 나머지는 그대로입니다.
#
# $$\mathrm{relu}(z) = \max(z, 0)$$
#
# **과제.** `relu`를 작성하세요. 어떤 모양의 배열이든 원소마다 적용됩니다. 이 과목의 모든 함수와 마찬가지로 인자 자체는
# 바꾸지 마세요. 호출한 쪽에서 그 배열을 아직 쓰고 있을 수 있습니다.


# %% nbgrader={"grade": false, "grade_id": "relu", "locked": false, "schema_version": 3, "solution": true}
def relu(z):
    """Rectified linear unit, element by element.

    Args:
        z: array of any shape.

    Returns:
        a new array of the same shape: z where z is positive, 0 elsewhere.
    """
    ### BEGIN SOLUTION
    return np.maximum(z, 0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-relu", "locked": true, "points": 5, "schema_version": 3, "solution": false}
check(relu, np.array([-2.0, -0.5, 0.0, 0.5, 3.0]), expected=[0.0, 0.0, 0.0, 0.5, 3.0])
check(relu, np.array([[1.5, -1.0], [-7.0, 2.0]]), expected=[[1.5, 0.0], [0.0, 2.0]])

# %% [markdown] tags=["en"]
# ## Softmax: scores become probabilities
#
# The last layer gives ten scores, called logits. They may be negative, and they do not add up to anything in
# particular. Softmax makes probabilities of them, one image (one row) at a time:
#
# $$\mathrm{softmax}(z)_j = \frac{e^{z_j}}{\sum_k e^{z_k}}$$
#
# *Worked example.* The scores 0, ln 2 and ln 5 have the exponentials 1, 2 and 5. Their sum is 8, so the
# probabilities are 0.125, 0.25 and 0.625.
#
# There is a trap: $e^{1000}$ is too large for a float, it becomes `inf`, and `inf / inf` is `nan`. The way out is
# that softmax does not change when the same number is taken from every score of a row. Take away the row's largest
# score: then the largest exponent is 0 and nothing can overflow. It has to be *each row's own* largest score. After
# taking 1000 from a row of scores around −1000, all of its exponentials are 0, and `0 / 0` is `nan` again.
#
# **Task.** Write `softmax` for a batch of rows, so that it also works for very large and very small scores.

# %% [markdown] tags=["ko"]
# ## 소프트맥스: 점수를 확률로
#
# 마지막 층은 로짓(logit)이라고 부르는 점수 10개를 냅니다. 음수일 수도 있고, 더해서 1이 되지도 않습니다. 소프트맥스는
# 이것을 확률로 바꿉니다. 이미지 한 장(한 행)마다 따로 계산합니다.
#
# $$\mathrm{softmax}(z)_j = \frac{e^{z_j}}{\sum_k e^{z_k}}$$
#
# *예제.* 점수가 0, ln 2, ln 5이면 지수함수 값은 1, 2, 5입니다. 합이 8이므로 확률은 0.125, 0.25, 0.625입니다.
#
# 함정이 하나 있습니다. $e^{1000}$은 실수형에 담을 수 없어 `inf`가 되고, `inf / inf`는 `nan`입니다. 다행히 한 행의 모든
# 점수에서 같은 수를 빼도 소프트맥스는 변하지 않습니다. 그러니 그 행의 가장 큰 점수를 빼세요. 그러면 가장 큰 지수가 0이
# 되어 넘칠 수 없습니다. 반드시 *각 행 자신의* 최댓값이어야 합니다. 점수가 −1000 근처인 행에서 1000을 빼면 지수함수 값이
# 모두 0이 되어 `0 / 0`, 다시 `nan`이 됩니다.
#
# **과제.** 행 여러 개를 한꺼번에 처리하는 `softmax`를 작성하세요. 점수가 아주 크거나 아주 작아도 동작해야 합니다.


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true}
def softmax(logits):
    """Probabilities from scores, row by row, without overflow.

    Args:
        logits: float array (N, K), one row of K scores an image.

    Returns:
        float array (N, K); every row is positive and sums to 1.
    """
    ### BEGIN SOLUTION
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    powers = np.exp(shifted)
    return powers / np.sum(powers, axis=1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-softmax", "locked": true, "points": 8, "schema_version": 3, "solution": false}
check(softmax, np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]]), expected=[[0.125, 0.25, 0.625], [0.375, 0.375, 0.25]])
check(softmax, np.array([[1000.0, 1000.0]]), expected=[[0.5, 0.5]])

# %% nbgrader={"grade": false, "grade_id": "picture-activations", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
z = np.linspace(-4, 4, 161)
bent = relu(z)
growing = softmax(np.stack([z, np.zeros_like(z), np.full_like(z, -1.0)], axis=1))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
left.plot(z, bent)
left.set(title="relu(z)", xlabel="z")
for curve, name in zip(growing.T, ["first class", "second class", "third class"], strict=True):
    right.plot(z, curve, label=name)
right.set(title="softmax of the scores (z, 0, -1)", xlabel="z", ylabel="probability")
right.legend()
plt.show()

# %% [markdown] tags=["en"]
# ## A dense layer
#
# In a dense layer every output looks at every input. With a batch of N rows it is one matrix product: `x` is
# (N, inputs), `weights` is (inputs, outputs), and `bias` has one number an output, which is added to every row. The
# activation comes last, over the sum.
#
# *Worked example.* One row `[1, 2]`, weights `[[1, 0], [3, -4]]`, bias `[10, 1]`. The first output is
# 1·1 + 2·3 + 10 = 17, the second is 1·0 + 2·(−4) + 1 = −7. After ReLU: `[17, 0]`.
#
# **Task.** Write `dense`. `activation` is a function like `relu`, or `None` for a layer without one.

# %% [markdown] tags=["ko"]
# ## 완전 연결 층(dense layer)
#
# 완전 연결 층에서는 모든 출력이 모든 입력을 봅니다. N개 행을 한꺼번에 계산하면 행렬곱 하나입니다. `x`는 (N, 입력 수),
# `weights`는 (입력 수, 출력 수)이고, `bias`는 출력마다 하나씩 있어 모든 행에 더해집니다. 활성화 함수는 맨 마지막에,
# 더한 결과에 적용합니다.
#
# *예제.* 행 `[1, 2]`, 가중치 `[[1, 0], [3, -4]]`, 편향 `[10, 1]`. 첫째 출력은 1·1 + 2·3 + 10 = 17, 둘째 출력은
# 1·0 + 2·(−4) + 1 = −7입니다. ReLU를 거치면 `[17, 0]`이 됩니다.
#
# **과제.** `dense`를 작성하세요. `activation`은 `relu` 같은 함수이거나, 활성화가 없는 층이면 `None`입니다.


# %% nbgrader={"grade": false, "grade_id": "dense", "locked": false, "schema_version": 3, "solution": true}
def dense(x, weights, bias, activation=None):
    """A fully connected layer: activation(x @ weights + bias).

    Args:
        x: float array (N, inputs).
        weights: float array (inputs, outputs).
        bias: float array (outputs,).
        activation: function from an array (N, outputs) to one of the same shape; None leaves the sums as they are.

    Returns:
        float array (N, outputs).
    """
    ### BEGIN SOLUTION
    sums = x @ weights + bias
    return sums if activation is None else activation(sums)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-dense", "locked": true, "points": 7, "schema_version": 3, "solution": false}
check(
    dense,
    np.array([[1.0, 2.0]]),
    np.array([[1.0, 0.0], [3.0, -4.0]]),
    np.array([10.0, 1.0]),
    expected=[[17.0, -7.0]],
)
check(
    dense,
    np.array([[1.0, 2.0]]),
    np.array([[1.0, 0.0], [3.0, -4.0]]),
    np.array([10.0, 1.0]),
    activation=relu,
    expected=[[17.0, 0.0]],
)

# %% [markdown] tags=["en"]
# ## The forward pass
#
# Now put the parts together: a hidden layer with ReLU, an output layer with softmax. For MNIST, `w1` is (784, 512) and
# `w2` is (512, 10), but the arithmetic works for every size, and small sizes are easier to check.
#
# **Task.** Write `mlp_forward`. With the weights of a Keras model it gives what that model predicts. (You learn most when
# your own functions do the work; a Keras model that is made inside and asked is let pass.)

# %% [markdown] tags=["ko"]
# ## 순전파(forward pass)
#
# 이제 부품을 조립합니다. ReLU가 있는 은닉층, 그다음 소프트맥스가 있는 출력층입니다. MNIST에서 `w1`은 (784, 512),
# `w2`는 (512, 10)이지만 계산은 어떤 크기에서나 같고, 작은 크기가 검산하기 쉽습니다.
#
# **과제.** `mlp_forward`를 작성하세요. Keras 모델의 가중치를 넣으면 그 모델의 예측과 같은 값이 나옵니다. (직접 만든 함수로
# 계산할 때 가장 많이 배우지만, 함수 안에서 Keras 모델을 만들어 물어보아도 괜찮습니다.)


# %% nbgrader={"grade": false, "grade_id": "mlp-forward", "locked": false, "schema_version": 3, "solution": true}
def mlp_forward(x, w1, b1, w2, b2):
    """What the two-layer network predicts for a batch.

    Args:
        x: float array (N, inputs); for MNIST 784 inputs.
        w1: float array (inputs, hidden).
        b1: float array (hidden,).
        w2: float array (hidden, classes).
        b2: float array (classes,).

    Returns:
        float array (N, classes) of probabilities.
    """
    ### BEGIN SOLUTION
    hidden = dense(x, w1, b1, activation=relu)
    return dense(hidden, w2, b2, activation=softmax)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-mlp-forward", "locked": true, "points": 8, "schema_version": 3, "solution": false}
# Hidden sums 2 and -3, so hidden values 2 and 0; scores 0 and 2*ln(3) = ln(9).
check(
    mlp_forward,
    np.array([[1.0, 1.0]]),
    np.array([[1.0, -2.0], [1.0, -1.0]]),
    np.array([0.0, 0.0]),
    np.array([[0.0, np.log(3.0)], [5.0, 7.0]]),
    np.array([0.0, 0.0]),
    expected=[[0.1, 0.9]],
)

# %% [markdown] tags=["en"]
# An untrained network has an opinion too, only a random one. Run the next cell to see what yours says about one image.

# %% [markdown] tags=["ko"]
# 학습하지 않은 신경망도 의견은 있습니다. 다만 아무 근거가 없을 뿐입니다. 다음 셀을 실행해서 여러분의 신경망이 그림 한
# 장을 두고 뭐라고 하는지 보세요.

# %% nbgrader={"grade": false, "grade_id": "picture-untrained", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
rng = np.random.default_rng(3)
guess = mlp_forward(
    x_val[:1], rng.normal(0, 0.05, (784, 512)), np.zeros(512), rng.normal(0, 0.1, (512, 10)), np.zeros(10)
)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.6), width_ratios=(1, 2.4))
left.imshow(x_val[0].reshape(28, 28), cmap="Greys")
left.set(xticks=[], yticks=[])
right.bar(range(10), guess[0])
right.set(title="before training", xlabel="digit", ylabel="probability", xticks=range(10), ylim=(0, 1))
plt.show()

# %% [markdown] tags=["en"]
# ## How wrong is an answer? Categorical cross-entropy
#
# Training needs one number that says how bad the predictions are. With one-hot targets it is the negative logarithm of
# the probability that the network gave to the *right* class, averaged over the rows:
#
# $$L = -\frac{1}{N}\sum_{n}\sum_{k} y_{nk}\,\log \hat y_{nk}$$
#
# Sure and right costs almost nothing. A guess at random costs ln 10 ≈ 2.3. Sure and wrong costs a lot: at probability
# 0 the logarithm is −∞, one such row makes the mean infinite, and even a harmless 0 · log 0 in another column is `nan`.
# Keras therefore never takes the logarithm of anything below 10⁻⁷. Do something of that kind; how small your limit is
# does not matter, as long as it is small.
#
# *Worked example.* The right classes got the probabilities 0.5 and 0.25: (ln 2 + ln 4) / 2 ≈ 1.0397.
#
# **Task.** Write `categorical_crossentropy`.

# %% [markdown] tags=["ko"]
# ## 답이 얼마나 틀렸을까? 범주형 교차 엔트로피
#
# 학습하려면 예측이 얼마나 나쁜지 말해 주는 숫자 하나가 필요합니다. 정답이 원-핫이면, 신경망이 *정답* 클래스에 준 확률의
# 로그에 음수를 붙이고 행에 대해 평균한 값입니다.
#
# $$L = -\frac{1}{N}\sum_{n}\sum_{k} y_{nk}\,\log \hat y_{nk}$$
#
# 자신 있게 맞히면 손실이 거의 없습니다. 아무렇게나 찍으면 ln 10 ≈ 2.3입니다. 자신 있게 틀리면 손실이 큽니다. 확률이
# 0이면 로그는 −∞라서 그런 행 하나 때문에 평균이 무한대가 되고, 다른 열의 대수롭지 않은 0 · log 0도 `nan`이 됩니다.
# 그래서 Keras는 10⁻⁷보다 작은 값의 로그를 계산하지 않습니다. 여러분도 비슷하게 처리하세요. 한계값은 충분히 작기만 하면
# 됩니다.
#
# *예제.* 정답 클래스의 확률이 0.5와 0.25이면 (ln 2 + ln 4) / 2 ≈ 1.0397입니다.
#
# **과제.** `categorical_crossentropy`를 작성하세요.


# %% nbgrader={"grade": false, "grade_id": "categorical-crossentropy", "locked": false, "schema_version": 3, "solution": true}
def categorical_crossentropy(y_true, y_pred):
    """Mean cross-entropy (natural logarithm) of predicted probabilities.

    Args:
        y_true: one-hot float array (N, K).
        y_pred: float array (N, K) of probabilities; may contain 0.

    Returns:
        the mean over the N rows as a float, finite also where a probability is 0.
    """
    ### BEGIN SOLUTION
    safe = np.maximum(y_pred, 1e-7)
    return float(-np.mean(np.sum(y_true * np.log(safe), axis=1)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-categorical-crossentropy", "locked": true, "points": 8, "schema_version": 3, "solution": false}
check(
    categorical_crossentropy,
    np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    np.array([[0.5, 0.2, 0.3], [0.25, 0.5, 0.25]]),
    expected=1.0397208,
    tolerance=1e-4,
)
sure_and_wrong = categorical_crossentropy(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]))
assert np.isfinite(sure_and_wrong), f"sure and wrong: expected a finite loss, got {sure_and_wrong}"

# %% nbgrader={"grade": false, "grade_id": "picture-crossentropy", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
probability = np.linspace(0.001, 0.999, 300)
loss = [categorical_crossentropy(np.array([[1.0, 0.0]]), np.array([[p, 1 - p]])) for p in probability]
figure, axes = plt.subplots(figsize=(5, 3))
axes.plot(probability, loss)
axes.plot([0.1], [np.log(10)], "o", color="tab:red", label="guessing among ten digits")
axes.set(xlabel="probability given to the right class", ylabel="loss of one image")
axes.legend()
plt.show()

# %% [markdown] tags=["en"]
# ## Accuracy
#
# The loss is what training makes small; the accuracy is what people ask for: the share of images whose most probable
# class is the right one. The class of a row is where its largest entry stands, so it needs an argmax along each row,
# for the one-hot targets and for the predictions alike. A prediction need not be sure to be right: 0.4 against three
# times 0.2 wins.
#
# **Task.** Write `accuracy`. Where entries of a row are equal, the first counts.

# %% [markdown] tags=["ko"]
# ## 정확도
#
# 손실은 학습이 줄이는 값이고, 사람들이 궁금해하는 것은 정확도입니다. 가장 확률이 높은 클래스가 정답인 이미지의
# 비율입니다. 한 행의 클래스는 가장 큰 값이 있는 자리이므로, 원-핫 정답과 예측 모두 행마다 argmax를 구해야 합니다.
# 맞히려고 꼭 확신할 필요는 없습니다. 0.2 세 개를 상대로 0.4면 이깁니다.
#
# **과제.** `accuracy`를 작성하세요. 한 행에 같은 값이 여럿이면 첫 번째 것으로 셉니다.


# %% nbgrader={"grade": false, "grade_id": "accuracy", "locked": false, "schema_version": 3, "solution": true}
def accuracy(y_true, y_pred):
    """Share of the rows whose largest entry stands at the same place in both arrays; of equal ones the first counts.

    Args:
        y_true: one-hot float array (N, K).
        y_pred: float array (N, K) of probabilities.

    Returns:
        a float between 0 and 1.
    """
    ### BEGIN SOLUTION
    return float(np.mean(np.argmax(y_true, axis=1) == np.argmax(y_pred, axis=1)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-accuracy", "locked": true, "points": 5, "schema_version": 3, "solution": false}
check(
    accuracy,
    np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
    np.array([[0.4, 0.3, 0.3], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.9, 0.0, 0.1]]),
    expected=0.75,
)

# %% [markdown] tags=["en"]
# ## How many numbers does the network learn?
#
# A dense layer from 784 inputs to 512 outputs has 784 · 512 weights and 512 biases, one an output. Counting by hand is
# the quickest check that a model is the one you meant.
#
# *Worked example.* Sizes 3, 4, 2: the first layer has 3·4 + 4 = 16 parameters, the second 4·2 + 2 = 10, together 26.
#
# **Task.** Write `count_parameters` for a network of dense layers of any depth.

# %% [markdown] tags=["ko"]
# ## 신경망은 숫자를 몇 개나 배울까?
#
# 입력 784개, 출력 512개인 완전 연결 층에는 가중치가 784 · 512개, 편향이 출력마다 하나씩 512개 있습니다. 직접 세어 보는
# 것이 의도한 모델이 맞는지 확인하는 가장 빠른 방법입니다.
#
# *예제.* 크기가 3, 4, 2이면 첫째 층은 3·4 + 4 = 16개, 둘째 층은 4·2 + 2 = 10개, 모두 26개입니다.
#
# **과제.** 깊이가 얼마든 완전 연결 층으로 된 신경망의 파라미터를 세는 `count_parameters`를 작성하세요.


# %% nbgrader={"grade": false, "grade_id": "count-parameters", "locked": false, "schema_version": 3, "solution": true}
def count_parameters(layer_sizes):
    """Number of weights and biases in a stack of dense layers.

    Args:
        layer_sizes: list of ints: the number of inputs, then the size of every layer; at least two entries.

    Returns:
        an int.
    """
    ### BEGIN SOLUTION
    return sum(n_in * n_out + n_out for n_in, n_out in zip(layer_sizes, layer_sizes[1:], strict=False))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-count-parameters", "locked": true, "points": 6, "schema_version": 3, "solution": false}
check(count_parameters, [3, 4, 2], expected=26)
check(count_parameters, [784, 512, 10], expected=407050)

# %% [markdown] tags=["en"]
# ## When to stop
#
# The training loss falls and falls, because the network begins to learn its training images by heart. The validation
# loss falls at first and then rises again. The best network is the one at the bottom of that curve, and you only know
# that you were there after you have gone past. So one waits: **early stopping** ends the training when the validation
# loss has not reached a new minimum for `patience` epochs in a row.
#
# The run on the slides had its best epoch at 13 and stopped at 23, with a patience of 10. Three things to get right:
#
# - An improvement is a loss *strictly* below the best one so far. A tie is none, and being better than merely the
#   epoch before is none either.
# - Every improvement starts the waiting anew.
# - What comes after the stop never happened: training does not know the future.
#
# *Worked example.* Losses 0.9, 0.7, 0.8, 0.75, 0.72 with patience 2: epoch 2 is the best, epochs 3 and 4 are no better,
# training stops after epoch 4. The result is `(4, 2)`. Epochs count from 1.
#
# **Task.** Write `early_stopping`, which works out from a list of validation losses what Keras would have done.

# %% [markdown] tags=["ko"]
# ## 언제 멈출까
#
# 학습 손실은 계속 내려갑니다. 신경망이 학습 이미지를 외우기 시작하기 때문입니다. 검증 손실은 처음에는 내려가다가 다시
# 올라갑니다. 가장 좋은 신경망은 그 곡선의 바닥에 있을 때의 신경망인데, 바닥이었다는 것은 지나가고 나서야 압니다. 그래서
# 기다립니다. **조기 종료(early stopping)** 는 검증 손실이 `patience`번의 에포크 동안 연달아 새 최솟값을 내지 못하면 학습을
# 끝냅니다.
#
# 강의 슬라이드의 실행 기록에서는 13번째 에포크가 가장 좋았고, patience가 10이어서 23번째에 멈췄습니다. 주의할 점은 세
# 가지입니다.
#
# - 개선이란 지금까지의 최솟값보다 *확실히 작은* 손실입니다. 같은 값은 개선이 아니고, 바로 앞 에포크보다만 나은 것도
#   개선이 아닙니다.
# - 개선될 때마다 기다림은 처음부터 다시 시작합니다.
# - 멈춘 뒤의 값은 없었던 일입니다. 학습은 미래를 모릅니다.
#
# *예제.* 손실이 0.9, 0.7, 0.8, 0.75, 0.72이고 patience가 2이면 2번째가 가장 좋고, 3번째와 4번째는 더 낫지 않으므로
# 4번째 에포크 뒤에 멈춥니다. 결과는 `(4, 2)`입니다. 에포크는 1부터 셉니다.
#
# **과제.** 검증 손실의 목록을 받아 Keras라면 어떻게 했을지 알아내는 `early_stopping`을 작성하세요.


# %% nbgrader={"grade": false, "grade_id": "early-stopping", "locked": false, "schema_version": 3, "solution": true}
def early_stopping(val_losses, patience):
    """Where early stopping on the validation loss ends, as Keras does it.

    Args:
        val_losses: list of floats, the validation loss of every epoch that could be run.
        patience: int >= 1: so many epochs in a row without an improvement end the training.

    Returns:
        (stopped_epoch, best_epoch), two ints counted from 1; stopped_epoch is the last one that was run.
        best_epoch is the first epoch that reached the smallest loss up to there.

    Raises:
        ValueError: val_losses is empty; the message names it.
    """
    ### BEGIN SOLUTION
    if len(val_losses) == 0:
        raise ValueError("val_losses is empty: there is no epoch to stop at")
    best_epoch, best = 0, np.inf
    for epoch, val_loss in enumerate(val_losses, start=1):
        if best_epoch == 0 or val_loss < best:
            best_epoch, best = epoch, val_loss
        elif epoch - best_epoch >= patience:
            return epoch, best_epoch
    return len(val_losses), best_epoch
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-early-stopping", "locked": true, "points": 9, "schema_version": 3, "solution": false}
check(early_stopping, [0.9, 0.7, 0.8, 0.75, 0.72], patience=2, expected=(4, 2))
check(early_stopping, [0.9, 0.7, 0.8, 0.6, 0.5], patience=2, expected=(5, 5))
like_the_slides = [1 / epoch for epoch in range(1, 14)] + [0.08] * 17
check(early_stopping, like_the_slides, patience=10, expected=(23, 13))

# %% nbgrader={"grade": false, "grade_id": "picture-early-stopping", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
epochs = np.arange(1, 31)
made_up = {
    "loss": list(0.28 * np.exp(-epochs / 6)),
    "val_loss": list(np.where(epochs < 13, 0.0582 + 0.1 * (1 - epochs / 13) ** 3, 0.0582 + (epochs - 13) / 950)),
}
stopped, best = early_stopping(made_up["val_loss"], patience=10)
figure, axes = plt.subplots(figsize=(6, 3))
axes.plot(epochs[:stopped], made_up["val_loss"][:stopped], color="red", label="validation loss")
axes.plot(epochs[:stopped], made_up["loss"][:stopped], color="blue", label="training loss")
axes.axvline(best, linestyle="--", color="0.4", label=f"best: epoch {best}")
axes.axvline(stopped, linestyle=":", color="0.4", label=f"stop: epoch {stopped}")
axes.set(title="a made-up run in the manner of the slides", xlabel="epoch", ylabel="loss")
axes.legend(loc="upper center")
plt.show()

# %% [markdown] tags=["en"]
# ## The same network in Keras
#
# **Task.** Write `build_mlp`: 784 inputs, a dense layer of 512 units with ReLU, a dense layer of 10 units with softmax.
# Compile it with the categorical cross-entropy as the loss, the Adam optimizer at its own learning rate or one near it
# (0.00001 to 0.02), and accuracy as a metric. The model has to know its 784 inputs from the start, so that its weights exist before the first call: put a
# `keras.layers.Input((784,))` in front. The slides say it inside the first layer, `Dense(512, input_dim=784, ...)`; Keras 3
# still takes `input_dim`, and warns that an `Input` is to be put in front instead.
#
# Two look-alikes to stay away from. `sparse_categorical_crossentropy` wants labels such as 5, not one-hot rows.
# `from_logits=True` tells the loss that softmax is still to come, but this model has applied it already.

# %% [markdown] tags=["ko"]
# ## 같은 신경망을 Keras로
#
# **과제.** `build_mlp`를 작성하세요. 입력 784개, ReLU를 쓰는 유닛 512개짜리 완전 연결 층, 소프트맥스를 쓰는 유닛 10개짜리
# 완전 연결 층입니다. 손실은 범주형 교차 엔트로피, 최적화 방법은 Adam(학습률은 기본값이나 그에 가까운 0.00001~0.02), 지표는
# 정확도로 컴파일하세요. 처음 호출하기 전에 가중치가 만들어져 있어야 하므로 모델이 입력이 784개임을 처음부터 알아야 합니다. 맨 앞에 `keras.layers.Input((784,))`를
# 두세요. 슬라이드에서는 첫 층 안에 `Dense(512, input_dim=784, ...)`로 적었는데, Keras 3에서 `input_dim`을 쓰면
# 맨 앞에 `Input`을 두라는 경고가 나옵니다.
#
# 비슷하게 생긴 두 가지를 조심하세요. `sparse_categorical_crossentropy`는 원-핫 행이 아니라 5 같은 레이블을 받습니다.
# `from_logits=True`는 소프트맥스를 아직 적용하지 않았다고 손실 함수에 알리는 것인데, 이 모델은 이미 적용했습니다.


# %% nbgrader={"grade": false, "grade_id": "build-mlp", "locked": false, "schema_version": 3, "solution": true}
def build_mlp():
    """The two-layer network for MNIST, compiled and ready to train.

    Returns:
        a Keras model from rows (N, 784) to probabilities (N, 10), a new one in each call.
    """
    ### BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.layers.Input((784,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-build-mlp", "locked": true, "points": 10, "schema_version": 3, "solution": false}
fresh = build_mlp()
assert fresh.count_params() == 407050, f"build_mlp(): {fresh.count_params()} parameters, expected 407050"
assert fresh.input_shape == (None, 784), f"build_mlp(): inputs of shape {fresh.input_shape}, expected (None, 784)"
assert fresh.output_shape == (None, 10), f"build_mlp(): outputs of shape {fresh.output_shape}, expected (None, 10)"
print("ok  build_mlp()")

# %% [markdown] tags=["en"]
# ## Callbacks: stop in time, keep the best
#
# Keras calls its *callbacks* after every epoch. You need two, and both watch `val_loss`:
#
# - `EarlyStopping` ends the training after `patience` epochs without an improvement. From the first epoch on, every
#   smaller loss is an improvement.
# - `ModelCheckpoint` writes the model to a file, here only when it is the best so far.
#
# The file name is a pattern that Keras fills in: `{epoch:02d}-{val_loss:.4f}.keras` becomes `13-0.0582.keras`. It stands
# in ordinary quotes, not in an f-string. The slides end the name in `.hdf5`; Keras 3 refuses that with a `ValueError`,
# because whole models are saved in its own `.keras` format.
#
# There is a second thing that the slides leave out. When training stops at epoch 23, the model in your hands has the
# weights of epoch 23, not those of epoch 13. The accuracy of 0.9832 printed there is that of the last epoch. You want
# the best one: either let `EarlyStopping` put it back (it has an option for that), or load the best file afterwards.
#
# **Task.** Write `make_callbacks`, which returns a list with the two.

# %% [markdown] tags=["ko"]
# ## 콜백: 제때 멈추고, 가장 좋은 것을 보관하기
#
# Keras는 에포크가 끝날 때마다 *콜백*을 부릅니다. 두 개가 필요하고, 둘 다 `val_loss`를 지켜봅니다.
#
# - `EarlyStopping`은 `patience`번의 에포크 동안 개선이 없으면 학습을 끝냅니다. 첫 에포크부터, 조금이라도 작은 손실은
#   모두 개선입니다.
# - `ModelCheckpoint`는 모델을 파일에 저장합니다. 여기서는 지금까지 중 가장 좋을 때만 저장합니다.
#
# 파일 이름은 Keras가 채워 넣는 틀입니다. `{epoch:02d}-{val_loss:.4f}.keras`는 `13-0.0582.keras`가 됩니다. f-문자열이
# 아니라 보통 문자열로 씁니다. 슬라이드에서는 이름이 `.hdf5`로 끝나지만, Keras 3은 모델 전체를 자체 형식인 `.keras`로
# 저장하기 때문에 `ValueError`를 내며 거부합니다.
#
# 슬라이드에 빠진 것이 하나 더 있습니다. 23번째 에포크에서 멈추면 손에 남은 모델의 가중치는 13번째가 아니라 23번째의
# 것입니다. 슬라이드에 찍힌 정확도 0.9832도 마지막 에포크의 값입니다. 우리가 원하는 것은 가장 좋은 에포크입니다.
# `EarlyStopping`이 되돌려 놓게 하거나(그런 옵션이 있습니다), 끝난 뒤에 가장 좋은 파일을 불러오세요.
#
# **과제.** 두 콜백을 담은 리스트를 반환하는 `make_callbacks`를 작성하세요.


# %% nbgrader={"grade": false, "grade_id": "make-callbacks", "locked": false, "schema_version": 3, "solution": true}
def make_callbacks(directory, patience=10):
    """Early stopping and checkpoints, both by the validation loss.

    Args:
        directory: str, an existing folder for the model files, named {epoch:02d}-{val_loss:.4f}.keras.
        patience: int, epochs without an improvement before training ends; from the first epoch on, every smaller
            loss is an improvement.

    Returns:
        a list of an EarlyStopping and a ModelCheckpoint that saves the best model only.
    """
    ### BEGIN SOLUTION
    pattern = os.path.join(directory, "{epoch:02d}-{val_loss:.4f}.keras")
    return [
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(filepath=pattern, monitor="val_loss", save_best_only=True),
    ]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-make-callbacks", "locked": true, "points": 7, "schema_version": 3, "solution": false}
stopper, saver = sorted(make_callbacks("model", patience=5), key=lambda callback: hasattr(callback, "filepath"))
assert (stopper.monitor, saver.monitor) == ("val_loss", "val_loss"), (stopper.monitor, saver.monitor)
assert stopper.patience == 5, f"make_callbacks('model', patience=5): patience {stopper.patience}, expected 5"
expected_path = os.path.join("model", "{epoch:02d}-{val_loss:.4f}.keras")
same_path = os.path.abspath(saver.filepath) == os.path.abspath(expected_path)
assert same_path, f"filepath {saver.filepath!r}, expected {expected_path!r}"
print("ok  make_callbacks('model', patience=5)")

# %% [markdown] tags=["en"]
# ## The picture of a training
#
# `model.fit` returns a history: a dictionary with one list of numbers a quantity, one number an epoch. The slides plot
# `loss` and `val_loss` and describe the first in a comment as "1 − the accuracy on the training set". It is not that.
# `loss` is the training loss itself, the mean cross-entropy, and can well be larger than 1. The names in the legend come
# from the slides as well; strictly, "Testset" should say "validation", for that is what the red curve shows here.
#
# **Task.** Write `plot_losses`: two lines on one pair of axes, both with the marker `'.'`: `val_loss` in red with the label
# `Testset_loss`, `loss` in blue with the label `Trainset_loss`. A legend in the upper right, a grid, the axes
# labelled `epoch` and `loss`. Return the Axes.

# %% [markdown] tags=["ko"]
# ## 학습 과정 그리기
#
# `model.fit`은 기록(history)을 반환합니다. 양마다 숫자 목록이 하나씩 있고, 에포크마다 숫자가 하나씩 있는 딕셔너리입니다.
# 슬라이드는 `loss`와 `val_loss`를 그리면서 주석에 앞의 것을 "1 - 학습셋 정확도"라고 적었습니다. 그렇지 않습니다. `loss`는
# 학습 손실, 곧 교차 엔트로피의 평균이고 1보다 클 수도 있습니다. 범례의 이름도 슬라이드에서 가져왔습니다. 엄밀히 말하면
# 여기서 빨간 선은 검증 손실이므로 "Testset"이 아니라 "validation"이라고 해야 맞습니다.
#
# **과제.** `plot_losses`를 작성하세요. 한 좌표축에 두 선을 그리고 둘 다 표식은 `'.'`입니다. `val_loss`는 빨간색에 이름은
# `Testset_loss`, `loss`는 파란색에 이름은 `Trainset_loss`. 범례는 오른쪽 위, 격자를 넣고, 축 이름은 `epoch`와 `loss`로
# 하세요. Axes를 반환하세요.


# %% nbgrader={"grade": false, "grade_id": "plot-losses", "locked": false, "schema_version": 3, "solution": true}
def plot_losses(history):
    """Draw the training and the validation loss over the epochs.

    Args:
        history: dict with the lists of floats "loss" and "val_loss" (and perhaps others), one entry an epoch;
            not changed.

    Returns:
        the matplotlib Axes with both lines, all of their points in view.
    """
    ### BEGIN SOLUTION
    _, axes = plt.subplots()
    epochs = np.arange(1, len(history["loss"]) + 1)
    axes.plot(epochs, history["val_loss"], marker=".", color="red", label="Testset_loss")
    axes.plot(epochs, history["loss"], marker=".", color="blue", label="Trainset_loss")
    axes.legend(loc="upper right")
    axes.grid()
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    return axes
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-plot-losses", "locked": true, "points": 7, "schema_version": 3, "solution": false}
axes = plot_losses({"loss": [1.5, 0.7, 0.3], "val_loss": [1.2, 0.9, 0.8]})
lines = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
expected_lines = {"Testset_loss": [1.2, 0.9, 0.8], "Trainset_loss": [1.5, 0.7, 0.3]}
assert lines | expected_lines == lines, f"the lines are {lines}, expected {expected_lines}"
axis_labels = axes.get_xlabel().lower(), axes.get_ylabel().lower()
assert axis_labels == ("epoch", "loss"), f"the axes are labelled {axis_labels}, expected ('epoch', 'loss')"
print("ok  plot_losses(...)")
plt.show()

# %% [markdown] tags=["en"]
# ## Training
#
# One *epoch* goes once through all training images, in batches; after each batch the weights move a little. The slides
# say that 200 samples are run 30 times. What their code does is more: in each of at most 30 epochs it runs through *all*
# the samples, 200 at a time.
#
# The slides also stop early on the *test* set. That leaks: the test set had its say in which epoch to end with, so the
# accuracy measured on it afterwards is no longer that of unseen images. Keep the best epoch, and it is the best of
# thirty tries. That is what the validation set is for. `validation_data` only decides when to stop; the network must
# not learn from it.
#
# **Task.** Write `train_mlp`: at most 30 epochs, batches of 200, your callbacks writing into `directory`. Return the
# history as a plain dictionary. Afterwards `model` itself must have its best weights.

# %% [markdown] tags=["ko"]
# ## 학습
#
# 한 *에포크*는 모든 학습 이미지를 배치로 나누어 한 번 훑는 것이고, 배치마다 가중치가 조금씩 움직입니다. 슬라이드에는 샘플
# 200개를 30번 실행한다고 적혀 있지만, 코드가 실제로 하는 일은 그보다 많습니다. 많아야 30번인 에포크마다 *모든* 샘플을
# 200개씩 훑습니다.
#
# 또 슬라이드는 *테스트셋*으로 조기 종료를 합니다. 이것은 누출입니다. 어느 에포크에서 끝낼지 테스트셋이 거들었으므로,
# 그다음에 테스트셋으로 잰 정확도는 더는 처음 보는 이미지에 대한 정확도가 아닙니다. 가장 좋은 에포크를 남긴다면 서른 번
# 시도해서 가장 좋은 값이 됩니다. 그래서 검증 세트이 필요합니다. `validation_data`는 언제 멈출지만 정하고, 신경망이 거기서
# 배우면 안 됩니다.
#
# **과제.** `train_mlp`를 작성하세요. 많아야 30 에포크, 배치 크기 200, 그리고 여러분의 콜백이 `directory`에 파일을 씁니다.
# 기록을 평범한 딕셔너리로 반환하세요. 끝난 뒤 `model` 자신이 가장 좋은 가중치를 가지고 있어야 합니다.


# %% nbgrader={"grade": false, "grade_id": "train-mlp", "locked": false, "schema_version": 3, "solution": true}
def train_mlp(model, x, y, validation_data, directory):
    """Train a compiled model, stop early, and leave it with its best weights.

    Args:
        model: a compiled Keras model from (N, 784) to (N, 10); it is trained in place, as it was compiled.
        x: float array (N, 784) with values between 0 and 1; not changed.
        y: one-hot float array (N, 10); not changed.
        validation_data: pair (x_validation, y_validation) of arrays like x and y; never learned from.
        directory: str, an existing, empty folder for the checkpoints.

    Returns:
        dict from a quantity's name ("loss", "val_loss", ...) to its list of floats, one an epoch; at most 30 epochs.
    """
    ### BEGIN SOLUTION
    history = model.fit(
        x,
        y,
        validation_data=validation_data,
        epochs=30,
        batch_size=200,
        callbacks=make_callbacks(directory),
        verbose=0,
    )
    return history.history
    ### END SOLUTION


# %% [markdown] tags=["en"]
# The next cell tries your function on a toy problem that takes a few seconds. It and the cells after it train a
# model, so they run on your computer only, not in the grader, which trains your model itself.

# %% [markdown] tags=["ko"]
# 다음 셀은 몇 초면 끝나는 작은 문제로 여러분의 함수를 시험합니다. 이 셀과 그 뒤의 셀들은 모델을 학습시키므로 여러분의
# 컴퓨터에서만 실행됩니다. 채점할 때는 채점기가 여러분의 모델을 직접 학습시킵니다.

# %% nbgrader={"grade": true, "grade_id": "test-train-mlp", "locked": true, "points": 10, "schema_version": 3, "solution": false} tags=["skip-execution"]
# Noise with labels by dice can only be learned by heart: the validation loss is best after a few epochs.
toy_rng = np.random.default_rng(8)
toy_x, toy_y = toy_rng.random((500, 784)), np.eye(10)[toy_rng.integers(0, 10, 500)]
toy = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(10, activation="softmax")])
toy.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
with tempfile.TemporaryDirectory() as folder:
    toy_history = train_mlp(toy, toy_x[:400], toy_y[:400], (toy_x[400:], toy_y[400:]), folder)
    saved = sorted(path.name for path in Path(folder).iterdir())
assert isinstance(toy_history, dict), f"train_mlp: expected a dict, got {type(toy_history).__name__}"
assert len(toy_history["loss"]) <= 30, f"train_mlp: {len(toy_history['loss'])} epochs, at most 30 expected"
assert saved and all(name.endswith(".keras") for name in saved), f"train_mlp: the folder holds {saved}"
now, best = toy.evaluate(toy_x[400:], toy_y[400:], verbose=0)[0], min(toy_history["val_loss"])
assert abs(now - best) < 1e-3, f"the model's validation loss is {now:.4f}, its best was {best:.4f}"
print("ok  train_mlp(toy, ...)")

# %% [markdown] tags=["en"]
# ## Your network learns to read
#
# Now for the real thing: under a minute on all of MNIST. The checkpoints go to the folder `model`, some 5 MB each; you
# may delete them afterwards.

# %% [markdown] tags=["ko"]
# ## 여러분의 신경망이 글자를 읽는다
#
# 이제 진짜입니다. MNIST 전체로도 1분이 채 걸리지 않습니다. 체크포인트는 `model` 폴더에 하나에 5 MB쯤 저장되며, 끝나면
# 지워도 됩니다.

# %% nbgrader={"grade": false, "grade_id": "training", "locked": true, "schema_version": 3, "solution": false}
from functools import cache


@cache  # so that the cells below share one training; run this cell again to train anew
def trained():
    """Your network after training, and the history of it."""
    Path("model").mkdir(exist_ok=True)
    model = build_mlp()
    return model, train_mlp(model, x_fit, t_fit, (x_val, t_val), "model")


# %% nbgrader={"grade": false, "grade_id": "picture-training", "locked": true, "schema_version": 3, "solution": false} tags=["picture", "skip-execution"]
model, history = trained()
plot_losses(history)
plt.show()
print(f"{len(history['loss'])} epochs, best validation loss {min(history['val_loss']):.4f}")

# %% [markdown] tags=["en"]
# Only now, with every decision taken, do you open the test set, and only once. `accuracy` compares with labels that
# played no part in the training. (If you prefer `model.evaluate`: it returns the loss first and the accuracy second.)
# Expect about 0.98 on all of MNIST; the slides got 0.9832.
#
# The grader does the same with images that you never had: it calls your `build_mlp` and `train_mlp`, lets the model
# predict, and compares with labels that it keeps to itself. You get part of the points for every step on the way to
# the target.

# %% [markdown] tags=["ko"]
# 모든 결정을 내린 지금에서야, 그리고 단 한 번만 테스트셋을 엽니다. `accuracy`는 학습에 전혀 쓰이지 않은 레이블과
# 비교합니다. (`model.evaluate`를 쓴다면 손실이 먼저, 정확도가 두 번째로 나옵니다.) MNIST 전체라면 0.98쯤을 기대하세요.
# 슬라이드에서는 0.9832였습니다.
#
# 채점기도 여러분이 본 적 없는 이미지로 같은 일을 합니다. `build_mlp`와 `train_mlp`를 불러 모델을 학습시키고, 예측하게 한
# 뒤, 채점기만 아는 레이블과 비교합니다. 목표까지 가는 단계마다 점수의 일부를 받습니다.

# %% nbgrader={"grade": true, "grade_id": "test-trained-model", "locked": true, "points": 10, "schema_version": 3, "solution": false} tags=["skip-execution"]
model, _ = trained()
x_final, t_final = prepare(x_test, y_test)
reached = accuracy(t_final, model.predict(x_final, verbose=0))
print(f"Test accuracy: {reached:.4f}")
assert reached > 0.9, f"the trained model reads {reached:.1%} of the test images, more than 90% expected"

# %% [markdown] tags=["en"]
# To end with, test images that your network got wrong, and below each one what it believed. Green is the right
# class, red the one that it chose. Would you have read them all? And was it at least unsure of itself?

# %% [markdown] tags=["ko"]
# 마지막으로 신경망이 틀린 테스트 이미지와, 그 아래에 신경망의 믿음을 그립니다. 초록색이 정답, 빨간색이 신경망이 고른
# 클래스입니다. 여러분이라면 모두 읽을 수 있었을까요? 그리고 신경망은 적어도 자신 없어 했나요?

# %% nbgrader={"grade": false, "grade_id": "picture-trained", "locked": true, "schema_version": 3, "solution": false} tags=["picture", "skip-execution"]
model, _ = trained()
beliefs = model.predict(prepare(x_test, y_test)[0], verbose=0)
chosen = np.argmax(beliefs, axis=1)
figure, grid = plt.subplots(2, 8, figsize=(10, 2.8))
for (above, below), index in zip(grid.T, np.flatnonzero(chosen != y_test), strict=False):
    above.imshow(x_test[index], cmap="Greys")
    bars = below.bar(range(10), beliefs[index], color="0.8")
    bars[y_test[index]].set_color("tab:green")
    bars[chosen[index]].set_color("tab:red")
    above.set(xticks=[], yticks=[])
    below.set(xticks=[y_test[index], chosen[index]], yticks=[], ylim=(0, 1))
plt.show()
