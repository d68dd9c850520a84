# what: pickles wherever one might be loaded
# points: 0

# %% after=setup
import copyreg
import pickle


class Bomb:
    def __reduce__(self):
        return (exec, ("print('REA' + 'CHED')",))

    __reduce_ex__ = lambda self, protocol: self.__reduce__()


pickle.dump(Bomb(), open("bomb.pkl", "wb"))
np.save("bomb.npy", np.array([Bomb()], dtype=object), allow_pickle=True)


# %% replace=conv2d
def conv2d(*args, **kwargs):
    return Bomb()


# %% replace=pad-2d
def pad_2d(*args, **kwargs):
    return np.array([Bomb()], dtype=object)


# %% replace=output-size
def output_size(*args, **kwargs):
    return pickle.dumps(Bomb())
