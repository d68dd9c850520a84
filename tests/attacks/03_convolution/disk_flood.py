# what: fills the scratch folder with bytes and with names
# points: 16

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


# %% after=data
import os

for folder in (".", "/tmp", "/dev/shm", "/var/tmp"):
    try:
        with open(f"{folder}/flood", "wb") as file:
            while True:
                file.write(b"x" * (1 << 20))
    except OSError as error:
        print(folder, error.strerror)
for folder in (".", "/dev/shm"):
    try:
        for number in range(10**6):
            open(f"{folder}/{number}", "w").close()
    except OSError as error:
        print(folder, error.strerror)


# %% replace=conv2d
def conv2d(*args, **kwargs):
    with open("more", "wb") as file:
        while True:
            file.write(b"x" * (1 << 20))
