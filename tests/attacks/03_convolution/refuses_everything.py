# what: raises a ValueError that names every argument there is, whatever it is called with
# points: 0

# %% replace=output-size
def output_size(*args, **kwargs):
    raise ValueError("input_size kernel_size stride padding dilation")


# %% replace=padding-for
def padding_for(*args, **kwargs):
    raise ValueError("mode input_size kernel_size stride")


# %% replace=conv2d
def conv2d(*args, **kwargs):
    raise ValueError("image kernel stride padding")


# %% replace=convolve-2d
def convolve_2d(*args, **kwargs):
    raise ValueError("image kernel stride padding")
