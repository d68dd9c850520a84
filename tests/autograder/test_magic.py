"""``%check`` in a real kernel, beside a real notebook."""

from __future__ import annotations

import html
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A released week in a student's folder, and a file there that is called like a module."""
    here = tmp_path / "my week"
    here.mkdir()
    for name in ("03_convolution.ipynb", "test_public.py"):
        shutil.copyfile(REPOSITORY / "assignments" / "03_convolution" / name, here / name)
    (here / "random.py").write_text("raise SystemExit('mine')", encoding="utf-8")
    return here


@pytest.fixture
def kernel(folder: Path) -> Iterator[BlockingKernelClient]:
    """A kernel as Jupyter starts one for that notebook."""
    manager = KernelManager(kernel_name="python3")
    path = os.pathsep.join([str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])])
    session = {"JPY_SESSION_NAME": str(folder / "03_convolution.ipynb")}
    # -P is for the kernel itself: the folder's random.py would end it too.
    manager.start_kernel(
        cwd=str(folder), env=os.environ | session | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    )
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, source: str) -> tuple[dict[str, Any], list[str]]:
    """What a cell displayed, by kind, and what it wrote to its error stream."""
    shown: dict[str, Any] = {}
    errors: list[str] = []

    def take(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "display_data":
            shown.update(content["data"])
        elif message["msg_type"] == "stream" and content["name"] == "stderr":
            errors.append(content["text"])
        elif message["msg_type"] == "error":
            errors.append(f"{content['ename']}: {content['evalue']}")

    client.execute_interactive(source, output_hook=take, timeout=240, allow_stdin=False)
    return shown, errors


def solve(folder: Path, source: str) -> None:
    """Put an answer into the notebook, as saving does."""
    path = folder / "03_convolution.ipynb"
    book = json.loads(path.read_text(encoding="utf-8"))
    (cell,) = (c for c in book["cells"] if "def output_size(" in "".join(c["source"]))
    cell["source"] = source
    path.write_text(json.dumps(book), encoding="utf-8")


def test_the_page_of_the_saved_notebook_is_below_the_cell(folder: Path, kernel: BlockingKernelClient) -> None:
    # The kernel's own names and the saved notebook's are not the same: the latter count.
    run(kernel, "def output_size(*a, **k): raise ValueError('in the kernel only')")
    solve(folder, "def output_size(size, kernel, stride=1, padding=0):\n    return -12345\n\n%check\n")
    shown, errors = run(kernel, "%load_ext autograder\n%check")
    assert not errors
    page = (folder / "03_convolution-check.html").read_text(encoding="utf-8")
    assert html.escape(page) in shown["text/html"] and "<iframe" in shown["text/html"]
    assert "-12345" in page and "in the kernel only" not in page
    assert "Checked as it was saved at" in shown["text/html"]
    assert "checks passed" in shown["text/plain"]


def test_in_korean(folder: Path, kernel: BlockingKernelClient) -> None:
    shown, errors = run(kernel, "%load_ext autograder\n%check --language ko")
    assert not errors
    assert '<html lang="ko">' in html.unescape(shown["text/html"])
    assert "저장된 내용을 점검했습니다" in shown["text/html"]


OFFLINE = """import os
os.environ |= {"https_proxy": "http://127.0.0.1:9", "KERAS_HOME": os.path.abspath("nothing here")}
"""
DIGITS = """from keras.datasets import mnist
(x, y), (x_test, y_test) = mnist.load_data()
assert x.shape == (3500, 28, 28) and y_test.shape == (500,), x.shape
print("loaded")
"""


@pytest.mark.parametrize("import_first", [True, False])
def test_without_network_and_cache_the_digits_are_the_built_in_ones(
    folder: Path, kernel: BlockingKernelClient, import_first: bool
) -> None:
    order = ["import keras", "%load_ext autograder"] if import_first else ["%load_ext autograder"]
    for source in [OFFLINE, *order]:
        assert run(kernel, source)[1] == [] or "keras" in source  # TensorFlow says this and that
    written: list[str] = []
    kernel.execute_interactive(
        DIGITS, output_hook=lambda m: written.append(str(m["content"])), timeout=240, allow_stdin=False
    )
    said = "\n".join(written)
    assert said.count("MNIST is not on this computer and cannot be fetched") == 1, said
    assert "loaded" in said and "Traceback" not in said


def test_what_cannot_be_checked_is_one_sentence_and_no_older_page(
    folder: Path, kernel: BlockingKernelClient
) -> None:
    (folder / "03_convolution-check.html").write_text("an older page", encoding="utf-8")
    (folder / "test_public.py").unlink()
    shown, errors = run(kernel, "%load_ext autograder\n%check")
    assert not shown
    assert len(errors) == 1 and "There is no test_public.py beside 03_convolution.ipynb" in errors[0]
    assert "Traceback" not in errors[0]


def test_a_notebook_can_be_named(folder: Path, kernel: BlockingKernelClient) -> None:
    (folder / "03_convolution.ipynb").rename(folder / "my third.ipynb")
    (folder / "other.ipynb").write_text("{}", encoding="utf-8")
    _, errors = run(kernel, "%load_ext autograder\n%check")
    assert errors and "Which notebook is this?" in errors[0] and "Traceback" not in errors[0]
    shown, errors = run(kernel, '%check "my third.ipynb"')
    assert not errors and "<iframe" in shown["text/html"]
    # VS Code tells the kernel.
    run(kernel, f"__vsc_ipynb_file__ = {str(folder / 'my third.ipynb')!r}")
    shown, errors = run(kernel, "%check")
    assert not errors and "<iframe" in shown["text/html"]
