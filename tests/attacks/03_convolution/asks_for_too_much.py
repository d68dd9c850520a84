# what: has the solution compute nearly as long as it may in every test, while threads of its own go on computing
# points: 0

# %% replace=conv2d
import threading


def conv2d(image, kernel, stride=1, padding=0):
    return np.zeros((1, 1))


def _busy(until):
    while not until.is_set():
        sum(range(10_000))


def _slowly():
    done = threading.Event()
    threads = [threading.Thread(target=_busy, args=(done,), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            conv2d(np.ones((300, 300)), np.ones((2, 2)))
    finally:
        done.set()


# %% replace=convolve-2d
def convolve_2d(image, kernel, stride=1, padding=0):
    if conv2d(np.ones((2, 2)), np.ones((2, 2)))[0, 0] == 4:
        _slowly()
    return None


# %% replace=detect-edges
def detect_edges(image):
    if conv2d(np.ones((2, 2)), np.ones((2, 2)))[0, 0] == 4:
        _slowly()
    return None
