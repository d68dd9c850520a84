"""The autograder of an MNIST and CNN course: release, grade, report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__version__ = "0.1.0"

# nbformat imports jsonschema, which takes 0.9 s to import a grammar of internationalised addresses where
# there is one, and leaves that check out where there is none. No notebook and no course has such an address.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """What ``%load_ext autograder`` does in a notebook: there is ``%check`` then, and digits offline.

    Args:
        shell: of the notebook's kernel.
    """
    from autograder.magic import load

    load(shell)
