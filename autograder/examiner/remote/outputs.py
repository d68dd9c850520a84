"""Outputs of cells, a stranger's, as a record may hold them: text, harmless HTML, pictures.

This is the one way into a record, in a worker. Whoever renders a record copies what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from autograder.markup import harmless
from autograder.notebooks.reading import is_base64
from autograder.patterns import sound
from autograder.wording.text import without_colours

ROOM = 32 << 20
"""Characters of one cell's outputs that are kept."""
_PROSE = 20_000
"""Characters of Markdown in one output that are rendered; more is shown as it stands."""
_COLOURING = 200_000_000
"""Terminal codes times characters: nbconvert copies the rest of a text for each code in it."""
_PICTURES = ("image/png", "image/jpeg", "image/gif")


def clean_outputs(outputs: Iterable[Any], room: int = ROOM) -> Iterator[dict[str, Any]]:
    """nbformat 4 outputs with text in every place where text belongs, and nothing that could run or load.

    What a stranger's JSON may hold besides (numbers that are none, lone surrogates, a nesting without
    end) would break whoever writes the record, reads it again or renders it. All of it takes time in
    proportion to its length.

    Args:
        outputs: what is said to be a cell's outputs.
        room: characters that are kept; a remark stands for the rest.
    """
    for output in outputs:
        clean = _clean(output)
        if clean is None:
            continue
        room -= _size(clean)
        if room < 0:
            yield {"output_type": "stream", "name": "stdout", "text": "(more output than can be shown)\n"}
            return
        yield clean


def _clean(output: Any) -> dict[str, Any] | None:
    """One output; None if it is none."""
    kind = output.get("output_type") if isinstance(output, dict) else None
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _printed(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        return {
            "output_type": "error",
            "ename": _text(output.get("ename")),
            "evalue": _text(output.get("evalue")),
            "traceback": [_printed(line) for line in lines] if isinstance(lines, list) else [],
        }
    if kind in ("display_data", "execute_result"):
        clean = {"output_type": kind, "data": _bundle(output.get("data")), "metadata": {}}
        if kind == "execute_result":
            clean["execution_count"] = execution_count(output.get("execution_count"))
        return clean
    return None


def execution_count(value: Any) -> int | None:
    """IPython's counter, None if it is no plausible one."""
    return value if type(value) is int and 0 <= value < 10**6 else None


def _bundle(data: Any) -> dict[str, str]:
    """The parts of a mime bundle that can be shown, HTML and all that becomes HTML made harmless."""
    if not isinstance(data, dict):
        return {}
    given = {_text(kind): _text(value) for kind, value in data.items() if isinstance(value, str | list)}
    kept: dict[str, str] = {kind: given[kind] for kind in ("text/plain", "text/latex") if kind in given}
    kept |= {kind: given[kind] for kind in _PICTURES if kind in given and is_base64(given[kind])}
    if "text/plain" in kept:
        kept["text/plain"] = _printed(kept["text/plain"])
    if "text/html" in given:
        kept["text/html"] = harmless.clean_output(given["text/html"])
    elif "image/svg+xml" in given:
        kept["text/html"] = harmless.svg(given["image/svg+xml"])
    elif "text/markdown" in given:
        source = given["text/markdown"]
        kept["text/html"] = harmless.markdown(source) if len(source) <= _PROSE else harmless.as_text(source)
    if not kept and data:
        kept["text/plain"] = f"(not shown: {', '.join(sorted(_text(kind)[:40] for kind in data)[:20])})"
    return kept


def _text(value: Any) -> str:
    """A text, which the format also allows as a list of lines; empty for anything else."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return sound(value) if isinstance(value, str) else ""


def _printed(value: Any) -> str:
    """A text that may carry a terminal's codes, as many as can be turned into colours."""
    text = _text(value)
    return without_colours(text, at_most=_COLOURING // (len(text) + 1))


def _size(output: dict[str, Any]) -> int:
    parts = [*output.get("data", {}).values(), *output.get("traceback", ())]
    return len(output.get("text", "")) + len(output.get("evalue", "")) + sum(map(len, parts))
