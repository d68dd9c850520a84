# what: returns arrays of a class whose shape, dtype, bytes and comparisons are lies
# points: 0

# %% replace=conv2d
class Liar(np.ndarray):
    shape = property(lambda self: (4, 4))
    dtype = property(lambda self: np.dtype("float64"))
    size = property(lambda self: 16)

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return True

    def __eq__(self, other):
        return True

    def tobytes(self, order="C"):
        return b"\0" * 128

    def __reduce__(self):
        return (exec, ("print('REA' + 'CHED')",))


def conv2d(image, kernel, stride=1, padding=0):
    return np.full((2, 2), 12345.0).view(Liar)


# %% replace=pad-2d
def pad_2d(image, padding):
    return np.ma.masked_all(np.shape(image))


# %% replace=correlate-1d
class Impostor:
    __class__ = property(lambda self: np.ndarray)

    def __array__(self, dtype=None, copy=None):
        return np.zeros(3)


def correlate_1d(signal, kernel):
    return Impostor()


# %% replace=detect-edges
def detect_edges(image):
    return np.array([object()] * 4, dtype=object)
