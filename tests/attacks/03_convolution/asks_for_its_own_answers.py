# what: leaves conv2d empty, and has its dependents ask the solution for their own answers over the wire
# points: 0

# %% replace=conv2d
import gc


def conv2d(image, kernel, stride=1, padding=0):
    return None


def ask(name, *args, **kwargs):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Channel":
            for other in (name, "output_size", [name], None):
                thing.send({"asks": other, "args": list(args), "kwargs": kwargs})
            answer = thing.receive()
            if "value" in answer:
                print("REA" + "CHED")
                return answer["value"]
    return None


# %% replace=convolve-2d
def convolve_2d(image, kernel, stride=1, padding=0):
    return ask("convolve_2d", image, kernel, stride=stride, padding=padding)


# %% replace=detect-edges
def detect_edges(image):
    return ask("detect_edges", image)
