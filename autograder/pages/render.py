"""Templates, and the few ways in which a text becomes markup."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.wording.text import plain

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: object) -> str:
    """A template of this package with the common style sheet, and the one script that a page may run.

    The page's own policy names the script by its hash, so that nothing else runs, whoever wrote it.
    """
    script = _own("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    template_ = _environment().get_template(template)
    return template_.render(css=_own("page.css"), script=script, script_hash=f"sha256-{digest}", **values)


def _harmless(value: object) -> object:
    """Every text that is put into a page, whoever wrote it, without control characters."""
    return plain(value, 20_000) if isinstance(value, str) and not isinstance(value, Markup) else value


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@functools.cache
def _own(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704  our own file
