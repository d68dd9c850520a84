"""Strangers' HTML made harmless: no script, no style sheet, nothing loaded from elsewhere.

What comes out may be put into a page as it is. Everything shown from a submission goes through here:
outputs when a worker puts them into a record, Markdown and code when nbgrader or its formgrader render a
graded notebook. All of it takes time in proportion to the text's length: a stranger's HTML is brought into
order first (:mod:`autograder.markup.wellformed`), Markdown has a parser that does not go back, and there
are as many tags as somebody could want to look at. `docs/security.md` has the figures.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import nh3
from jinja2 import pass_context
from jinja2.runtime import Context

from autograder.markup.highlight import highlighted
from autograder.markup.markdown import render, without_pictures
from autograder.markup.wellformed import TooMuch, well_formed
from autograder.patterns import Pattern

MOST_TAGS = 50_000
"""Tags of one output or text that are shown; a table of 1,000 rows and 20 columns has 22,000."""
MOST_PROSE = 300_000
"""Characters of Markdown in one notebook that are rendered; beyond, all is shown as it stands."""
MOST_CODE = 1_000_000
"""Characters of code in one notebook that are shown in colours."""
_TAGS = (nh3.ALLOWED_TAGS - {"map", "area"}) | {"video", "source", "figure", "figcaption"}
_ATTRIBUTES = {
    "*": {"style", "title", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "video": {"controls", "loop", "width", "height"},
    "source": {"src", "type"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "ol": {"start"},
}
_STYLES = {
    *("color", "background-color", "font-weight", "font-style", "font-family", "font-size", "text-align"),
    *("text-decoration", "white-space", "vertical-align", "width", "height", "max-width"),
    *("border", "border-collapse", "border-color", "padding"),
}
_MEDIA = Pattern(r"data:(?:image/(?:png|jpeg|gif|svg\+xml)|video/(?:mp4|webm));base64,[A-Za-z0-9+/=\s]*")
_LINK = Pattern(r"(?:https?:|mailto:|#)", any_case=True)
_SCRIPT = Pattern(r"<\s*(?:script|iframe|object|embed)(?:[^\pL\pM\pN_]|\z)", any_case=True)
# matplotlib's to_jshtml() keeps its frames in a script.
_FRAME = Pattern(r"""frames\[0\]\s*=\s*["']data:image/png;base64,([A-Za-z0-9+/=\\\s]+)["']""")


def clean(html: str) -> str:
    """The HTML without anything that could run or load."""
    try:
        html = well_formed(html, _TAGS, MOST_TAGS)
    except TooMuch as problem:
        return f"<p><em>Not shown: {problem}.</em></p>"
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties=_STYLES,
        link_rel="noopener noreferrer",
    )


def clean_output(html: str) -> str:
    """The same for a cell's HTML output: an animation leaves its first frame, other scripts a remark."""
    if not _SCRIPT.search(html):
        return clean(html)
    if frame := _FRAME.search(html):
        data = "".join(frame[1].replace("\\", "").split())
        return f"{picture('image/png', data)}<p><em>First frame of an animation.</em></p>"
    return clean(html) + "<p><em>Interactive parts of this output are not shown.</em></p>"


def picture(kind: str, data: str) -> str:
    """An image element that carries its image, given the media type and base64 data."""
    return clean(f'<img alt="" src="data:{kind};base64,{data}">')


def svg(source: str) -> str:
    """The drawing as an image element: scripts in an image never run, and it loads nothing."""
    return picture("image/svg+xml", base64.b64encode(source.encode()).decode())


def markdown(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Markdown as Jupyter renders it, math left for MathJax."""
    return clean(render(source, attachments))


def as_text(source: str) -> str:
    """A text as it stands."""
    return f"<pre>{escape(source)}</pre>"


# nbconvert's filters of these names, for its ``filters`` setting


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """A Markdown cell's text."""
    if _characters(context, "markdown") > MOST_PROSE:
        return as_text(source)
    return markdown(source, context.get("cell", {}).get("attachments"))


@pass_context
def highlight_code(context: Context, source: str, **_: Any) -> str:
    """A code cell's text; Pygments, which nbconvert would use, takes 45 s for 8,000 lines of one space."""
    shown = escape(source) if _characters(context, "code") > MOST_CODE else highlighted(source)
    return f'<div class="highlight hl-ipython3"><pre><span></span>{shown}\n</pre></div>\n'


def strip_files_prefix(text: str) -> str:
    """The text as it is: nbconvert mends links of notebooks of 2012 here, with a pattern that goes back."""
    return text


def _characters(context: Context, kind: str) -> int:
    """Characters in all cells of a kind of the notebook that is being rendered, embedded pictures aside."""
    known = context.get("resources", {}).setdefault("autograder_characters", {})
    if kind not in known:
        cells = context.get("nb", {}).get("cells", ())
        known[kind] = sum(len(without_pictures(cell.source)) for cell in cells if cell.cell_type == kind)
    return int(known[kind])


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if _MEDIA.fullmatch(value) else None
    if name == "href":
        return value if _LINK.match(value.strip()) else None
    return value
