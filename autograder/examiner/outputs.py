"""Outputs of cells as a candidate tells them, brought into the shape that a record may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def clean_outputs(outputs: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """nbformat 4 outputs with text in every place where text belongs, and nothing else.

    What a stranger's JSON may hold besides (numbers that are none, lone surrogates, a nesting without
    end) would break whoever writes the record, reads it again or renders it.
    """
    for output in outputs:
        kind = output.get("output_type") if isinstance(output, dict) else None
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            yield {"output_type": "stream", "name": name, "text": _text(output.get("text"))}
        elif kind == "error":
            lines = output.get("traceback")
            yield {
                "output_type": "error",
                "ename": _text(output.get("ename")),
                "evalue": _text(output.get("evalue")),
                "traceback": [_text(line) for line in lines] if isinstance(lines, list) else [],
            }
        elif kind in ("display_data", "execute_result"):
            clean = {"output_type": kind, "data": _bundle(output.get("data")), "metadata": {}}
            if kind == "execute_result":
                clean["execution_count"] = execution_count(output.get("execution_count"))
            yield clean


def execution_count(value: Any) -> int | None:
    """IPython's counter, None if it is no plausible one."""
    return value if type(value) is int and 0 <= value < 10**6 else None


def _bundle(data: Any) -> dict[str, str]:
    """A mime bundle; of data that are no text the kind remains, so that a page can say what is not shown."""
    return {_text(kind): _text(value) for kind, value in data.items()} if isinstance(data, dict) else {}


def _text(value: Any) -> str:
    """A text, which the format also allows as a list of lines; empty for anything else."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
