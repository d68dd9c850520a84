"""How much of a scratch folder the files beside a notebook take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

BLOCK = 4096


def quota(files: Mapping[str, Any]) -> tuple[int, int]:
    """Bytes and entries that the files take of a scratch folder."""
    blocks = sum(-(-len(content) // BLOCK) + 1 for content in files.values())
    folders = sum(len(PurePosixPath(name).parts) for name in files)
    return (blocks * BLOCK, folders) if files else (0, 0)
