# what: leaves conftest.py, sitecustomize.py, .pth files and modules named like the grader's own, then ends the process
# points: 0
# cells: [crashed]

# %% after=setup
import os
import sys
from pathlib import Path

body = "print('REA' + 'CHED')\nimport numpy\nnumpy.allclose = lambda *a, **k: True\n"
for name in (
    "conftest.py",
    "pytest.ini",
    "sitecustomize.py",
    "usercustomize.py",
    "evil.pth",
    "numpy.py",
    "json.py",
    "msgpack.py",
    "autograder.py",
    ".ipython/profile_default/startup/00.py",
):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(body)
sys.path.insert(0, os.getcwd())
os._exit(0)


# %% after=data
import json
import numpy
