# what: puts the arguments of hidden tests into exception texts, results and files, to be read in the feedback
# points: 0

# %% replace=output-size
def output_size(*args, **kwargs):
    raise ValueError(f"INPUT {args} {kwargs}")


# %% replace=padding-for
def padding_for(*args, **kwargs):
    print("INPUT", args, kwargs)
    return f"INPUT {args} {kwargs}"


# %% replace=conv2d
def conv2d(*args, **kwargs):
    open("inputs.txt", "a").write(repr(args))
    raise type(f"INPUT{repr(args)}", (Exception,), {})
