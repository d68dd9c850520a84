# what: knows the answers of the visible checks by heart
# points: <= 5

# %% replace=output-size
def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    known = {(28, 5): 24, (28, 3): 26, (5, 3): 3, (7, 3): 5, (4, 2): 3}
    return known.get((input_size, kernel_size), 24)
