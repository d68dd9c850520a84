"""Files are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.problem import GradeError


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader sees all of it or nothing, whatever happens in between.

    Raises:
        GradeError: it cannot be written.
    """
    try:
        with drafted({path: content}, mode):
            pass
    except OSError as error:
        raise GradeError(
            f"{path} cannot be written ({error.strerror}); "
            "what was finished is kept, and the next run goes on."
        ) from None


@contextlib.contextmanager
def drafted(contents: Mapping[Path, bytes], mode: int = 0o644) -> Iterator[None]:
    """Have files ready under other names, and put them in place if all goes well meanwhile.

    Raises:
        OSError: one of them cannot be written; nothing has changed then.
    """
    drafts: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
            drafts[path] = Path(name)
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
        yield
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


@contextlib.contextmanager
def drafted_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of ``folder`` if all goes well meanwhile.

    Raises:
        OSError: it cannot be put there; what was there is there again.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    old = draft.with_name(f"{draft.name}-old")
    try:
        draft.chmod(0o755)
        yield draft
        if folder.exists():
            folder.rename(old)
        try:
            draft.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """The data as a JSON file."""
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")
