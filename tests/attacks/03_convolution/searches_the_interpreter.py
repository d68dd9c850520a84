# what: searches frames, modules and all objects for tests and expected values while it is called
# points: 0

# %% replace=conv2d
import gc
import sys


def conv2d(image, kernel, stride=1, padding=0):
    frame = sys._getframe()
    while frame is not None:
        for name, value in {**frame.f_locals}.items():
            if "expected" in name or "reference" in name or "solution" in name:
                return np.asarray(value)
        frame = frame.f_back
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "expected" in thing and isinstance(thing["expected"], np.ndarray):
            return thing["expected"]
        if type(thing).__name__ in ("Item", "Function", "Suite", "Examination", "Reference", "RemoteFunction"):
            return [f"REA{'CHED'} {type(thing)}"]
    for name in list(sys.modules):
        if name.startswith(("autograder.examiner", "tests", "test_", "pytest", "_pytest", "hypothesis")):
            return [f"REA{'CHED'} {name}"]
    return np.zeros((1, 1))


# %% after=compare-images
answer = conv2d(np.ones((3, 3)), np.ones((2, 2)))
if isinstance(answer, list):
    print(answer)
