"""The base package alone: what a student installs, and what it can do."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import autograder
from autograder.extras import how_to_install

REPOSITORY = Path(__file__).parents[2]
PACKAGE = Path(autograder.__file__).parent
HEAVY = {
    "nbgrader",
    "jupyterlab",
    "notebook",
    "jupytext",
    "sqlalchemy",
    "scipy",
    "pandas",
    "tensorflow",
    "keras",
}
MOST = 250 << 20
"""Bytes that the base may take, its dependencies and the compiled files included."""


def _run(*command: str | Path, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | {"PYTHONIOENCODING": "utf-8"} | more,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=900,
        check=False,
    )


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel's base in it and nothing else; the versions are the lock's."""
    folder = tmp_path_factory.mktemp("student")
    source = folder / "source"
    source.mkdir()
    shutil.copytree(PACKAGE, source / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(REPOSITORY / name, source / name)
    built = _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", folder=source)
    assert built.returncode == 0, built.stderr
    (wheel,) = (source / "dist").glob("*.whl")
    made = _run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    assert made.returncode == 0, made.stderr
    locked = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", "\n").splitlines()
    pins = [line for line in locked if line and not line.lstrip().startswith(("--hash", "#"))]
    (folder / "versions.txt").write_text("\n".join(pins), encoding="utf-8")
    python = folder / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    done = _run(*pip, "-c", folder / "versions.txt", wheel, folder=folder)
    if done.returncode and "from versions: none" in done.stderr:
        pytest.skip("no package index is reachable")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_load_data_needs_neither_keras_nor_a_network(student: Path) -> None:
    code = (
        "%load_ext autograder\nfrom keras.datasets import mnist\n"
        "(x, y), _ = mnist.load_data()\nprint(x.shape)\nimport keras; keras.layers"
    )
    done = _run(
        *(student / "venv" / "bin" / "python", "-P", "-m", "IPython", "--no-banner", "-c", code),
        folder=student,
        KERAS_HOME=str(student / "nothing"),
    )
    assert "Keras is not installed: these are the 4,000 digits" in done.stdout
    assert "(3500, 28, 28)" in done.stdout
    assert "No module named 'tensorflow'" in done.stdout + done.stderr


@pytest.mark.slow
def test_nothing_heavy_gets_in(student: Path) -> None:
    (packages,) = (student / "venv" / "lib").glob("python*/site-packages")
    names = {path.name for path in packages.iterdir()}
    assert not HEAVY & names
    before = ("pip", "setuptools", "pkg_resources", "_distutils_hack")  # every environment has them
    size = sum(
        path.stat().st_size
        for path in packages.rglob("*")
        if path.is_file() and not path.relative_to(packages).parts[0].startswith(before)
    )
    assert size < MOST, f"{size / (1 << 20):.0f} MiB"


@pytest.mark.slow
@pytest.mark.parametrize("week", ["01_preprocessing", "03_convolution", "04_pooling"])
def test_a_student_checks_a_week(student: Path, tmp_path: Path, week: str) -> None:
    """The released notebook runs, its digits with it, and every check waits for an answer."""
    for name in (f"{week}.ipynb", "test_public.py"):
        shutil.copyfile(REPOSITORY / "assignments" / week / name, tmp_path / name)
    program = student / "venv" / "bin" / "autograder"
    homes = {name: str(tmp_path / "home") for name in ("HOME", "XDG_CACHE_HOME", "KERAS_HOME")}
    done = _run(program, "check", f"{week}.ipynb", folder=tmp_path, **homes)
    assert done.returncode == 1, done.stderr
    assert "checks passed" in done.stdout and "not implemented" in done.stdout
    assert "! Cell" not in done.stdout  # the given cells run, mnist.load_data() among them
    assert (tmp_path / f"{week}-check.html").is_file()


@pytest.mark.slow
def test_a_week_that_trains_names_what_it_needs(student: Path, tmp_path: Path) -> None:
    for name in ("05_cnn.ipynb", "test_public.py"):
        shutil.copyfile(REPOSITORY / "assignments" / "05_cnn" / name, tmp_path / name)
    done = _run(student / "venv" / "bin" / "autograder", "check", "05_cnn.ipynb", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("autograder: This notebook uses TensorFlow, which is not installed")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_what_needs_more_says_so_in_one_sentence(student: Path) -> None:
    course = student / "course"
    shutil.copytree(REPOSITORY / "solutions", course / "solutions", dirs_exist_ok=True)
    shutil.copyfile(REPOSITORY / "course.yml", course / "course.yml")
    done = _run(student / "venv" / "bin" / "autograder", "release", "03_convolution", folder=course)
    assert done.returncode == 1
    assert done.stderr.startswith("autograder: This needs nbgrader, which is not installed")
    assert done.stderr.count("\n") == 1 and 'pip install ".[grade]"' in done.stderr


def test_every_library_belongs_to_the_base_or_to_an_extra() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # What has another name than its package, and what comes with one of them for certain.
    base = {"re2", "markdown_it", "IPython", "matplotlib_inline", "PIL", "pygments", "markupsafe", "yaml"}
    base |= {"_pytest", "pluggy", "pydantic_core", "typing_extensions"}
    base |= {name.partition(">")[0].partition(".")[0].replace("-", "_") for name in project["dependencies"]}
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add((node.module or "").partition(".")[0])
    others = imported - sys.stdlib_module_names - {"autograder", "__main__"} - base
    assert not {name for name in others if not how_to_install(name)}
    assert not how_to_install("numpy") and not how_to_install("autograder.nothing")
