"""Which of the package's extras brings a library that is not installed.

The base is what a student needs for ``autograder check``; the other commands need more.
"""

from __future__ import annotations

_EXTRAS = {
    "grade": (
        "alembic",
        "copydetect",
        "jupyter_core",
        "jupytext",
        "landlock",
        "mlxtend",
        "nbclient",
        "nbconvert",
        "nbgrader",
        "packaging",
        "pyseccomp",
        "scipy",
        "sqlalchemy",
        "traitlets",
    ),
    "tensorflow": ("keras", "tensorflow"),
    "cluster": ("dask", "distributed"),
    "dev": ("hatchling", "mypy", "playwright", "ruff", "xdist"),
}
"""The modules that the package imports, by the extra that installs them."""


def how_to_install(module: str) -> str:
    """One sentence with the command that installs a missing module; empty if no extra has it.

    Args:
        module: the name that the failed import gave.
    """
    package = module.partition(".")[0]
    for extra, packages in _EXTRAS.items():
        if package in packages:
            return (
                f'This needs {package}, which is not installed: run `python -m pip install ".[{extra}]"` '
                "in the folder of the course, where pyproject.toml is."
            )
    return ""
