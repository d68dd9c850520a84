# what: edits, deletes, doubles and reweights test cells, and unlocks what is locked
# points: 16
# notices: [edited-cell, cell-metadata, missing-cell, duplicate-cell]

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


# %% replace=setup
import matplotlib.pyplot as plt
import numpy as np


def check(*args, **kwargs):
    print("ok")


# %% replace=test-output-size points=1000 locked=false
pass


# %% replace=test-conv2d points=1e300 grade=true
print(1000)


# %% replace=test-pad-2d points=-50
assert True


# %% duplicate=test-output-size points=1000
print(1000)


# %% duplicate=conv2d
def conv2d(image, kernel, stride=1, padding=0):
    return image


# %% drop=test-kernels
