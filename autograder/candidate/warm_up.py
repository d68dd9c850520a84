"""What is imported before the first fork, so that no candidate pays for it."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if sys.platform == "linux":  # elsewhere a student's own machine runs the rest of this without it
    pass
if TYPE_CHECKING:
    from autograder.candidate.cells import Recorder
from autograder.protocol import Settings


def warm_up(settings: Settings) -> Recorder:
    """Import and exercise everything that a notebook is likely to use, so that forks inherit it."""
    sys.argv[:] = sys.orig_argv[:] = ["notebook"]  # how the kit was started is nobody's business
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.animation
    import matplotlib.pyplot as plt

    from autograder.mnist import stand_ins

    if settings.tensorflow:
        import_library("tensorflow")
        if settings.data:
            stand_ins.install(Path(settings.data))
    elif settings.data:
        stand_ins.install_light(Path(settings.data))

    # What is imported lazily is otherwise imported by each candidate anew: 10 ms.
    import encodings.cp437  # noqa: F401 (zip archives, and so NumPy's)

    import numpy.random  # noqa: F401
    from PIL import Image

    from autograder.candidate.cells import Recorder

    Image.preinit()
    recorder = Recorder()
    # The first figure, the first traceback and the first result load fonts, pygments and formatters.
    rehearsal = (
        "import numpy, matplotlib.pyplot as p; p.figure(); p.imshow([[0, 1]], cmap='Greys'); p.title('1')",
        "raise ValueError('rehearsal')",
        "print(numpy.arange(3)); numpy.arange(3)",
    )
    for source in rehearsal:
        recorder.run(source, room=1 << 24)
    plt.close("all")
    recorder.shell.reset(new_session=True)
    recorder.shell.execution_count = 1
    recorder.known = set(recorder.shell.user_ns)
    return recorder


def import_library(library: str) -> None:
    """Import what a notebook that mentions ``library`` is likely to use."""
    if library == "scipy":
        import scipy.ndimage
        import scipy.signal  # noqa: F401
    elif library == "tensorflow":
        with quiet():  # TensorFlow's C++ side greets on stderr whatever it is told
            import keras
            import rich._emoji_codes  # noqa: F401 (Keras draws tables with it)
            import tensorflow as tf

            # Resolved here, forks do not pay for them; the light stand-ins give way to the real packages.
            _ = (keras.layers, keras.callbacks, keras.models, keras.optimizers, keras.utils, keras.datasets)
            _ = (tf.nn, tf.keras.layers, tf.keras.models, tf.keras.datasets, tf.keras.utils)
            for operation in ("range", "flat_map", "from_tensors", "concatenate", "zip"):
                importlib.import_module(f"tensorflow.python.data.ops.{operation}_op")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing goes to the descriptor of stderr."""
    saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
