# what: replaces built-in functions that the serving code relies on
# points: 0

# %% after=compare-images
import builtins

for name in ("len", "isinstance", "type", "callable", "print", "repr", "str", "dict", "list", "tuple", "getattr"):
    setattr(builtins, name, lambda *args, **kwargs: 1)
