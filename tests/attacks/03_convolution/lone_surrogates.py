# what: text that UTF-8 cannot hold, numbers that JSON cannot, and outputs of the wrong types, everywhere
# points: 0

# %% after=setup
from IPython.display import display

print("\ud800 and \udfff")
display({"text/plain": "\ud800", "application/json": {"a": float("nan"), "\ud800": [10**400]}}, raw=True)
display({"text/plain": ["a", 5, None], "text/html": {"a": 1}, 5: "five", "image/png": b"\x00\xff"}, raw=True)
nested = []
for _ in range(600):
    nested = [nested]
display({"application/json": nested}, raw=True, metadata={"a": nested})


# %% after=data
raise ValueError("\ud800")


# %% replace=output-size
def output_size(*args, **kwargs):
    raise ValueError("\ud800 input_size")


# %% replace=padding-for
def padding_for(*args, **kwargs):
    return "\ud800", "\udfff"


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    raise type("Caf\ud800", (Exception,), {})("\udc80")
