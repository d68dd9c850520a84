# what: replaces functions of the autograder's modules in its own process
# points: 0

# %% after=setup
import gc
import sys

yes = lambda *args, **kwargs: True
for name, module in list(sys.modules.items()):
    if name.startswith("autograder."):
        for attribute in ("expect_array", "expect_int", "expect_raises", "score_cells", "_judge"):
            setattr(module, attribute, yes)
for name in ("autograder.examiner", "autograder.examiner.checks", "autograder.grading.grade", "autograder.gradebook.ledger"):
    sys.modules[name] = type(sys)(name)
import autograder.candidate.serve as serve
import autograder.wire as wire

real = wire.encode


def encode(value, **kwargs):
    if isinstance(value, dict) and ("value" in value or "exception" in value):
        value = {"value": True, "verdict": "passed", "score": 100, "exception": None, "passed": True}
    return real(value, **kwargs)


serve.encode = wire.encode = encode
serve._describe = lambda error: {"type": "Passed", "bases": [], "text": "", "trace": ""}


# %% replace=conv2d
def conv2d(image, kernel, stride=1, padding=0):
    return np.zeros((1, 1))


# %% replace=output-size
def output_size(*args, **kwargs):
    return 0
