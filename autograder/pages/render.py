"""Templates, and the few ways in which a text becomes markup."""

from __future__ import annotations

import functools
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.wording.text import plain

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: object) -> str:
    """A template of this package with the common style sheet."""
    environment = _environment()
    return environment.get_template(template).render(css=_style(), **values)


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
def _style() -> Markup:
    return Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8"))  # noqa: S704  our own file
