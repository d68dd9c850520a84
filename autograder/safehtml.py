"""Strangers' HTML made harmless: no script, no style sheet, nothing loaded from elsewhere.

What comes out may be put into a page as it is. Everything shown from a submission goes through here:
outputs when a graded notebook is written, Markdown when nbgrader or its formgrader render one.
"""

from __future__ import annotations

import base64
import re
from html import escape
from typing import Any

import nh3
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

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
_MEDIA = re.compile(r"data:(image/(png|jpeg|gif|svg\+xml)|video/(mp4|webm));base64,[A-Za-z0-9+/=\s]*")
_LINK = re.compile(r"(https?:|mailto:|#)", re.I)
_SCRIPT = re.compile(r"<\s*(script|iframe|object|embed)\b", re.I)
# matplotlib's to_jshtml() keeps its frames in a script.
_FRAME = re.compile(r"""frames\[0\]\s*=\s*["']data:image/png;base64,([A-Za-z0-9+/=\\\s]+)["']""")


def clean(html: str) -> str:
    """The HTML without anything that could run or load."""
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
        data = re.sub(r"[\\\s]", "", frame[1])
        return f"{picture('image/png', data)}<p><em>First frame of an animation.</em></p>"
    return clean(html) + "<p><em>Interactive parts of this output are not shown.</em></p>"


def picture(kind: str, data: str) -> str:
    """An image element that carries its image, given the media type and base64 data."""
    return clean(f'<img alt="" src="data:{kind};base64,{data}">')


def svg(source: str) -> str:
    """The drawing as an image element: scripts in an image never run, and it loads nothing."""
    return picture("image/svg+xml", base64.b64encode(source.encode()).decode())


def markdown(source: str, attachments: dict[str, Any] | None = None) -> str:
    """Markdown as Jupyter renders it, math left for MathJax."""
    renderer = IPythonRenderer(escape=False, attachments=attachments or {}, exclude_anchor_links=True)
    try:
        rendered = str(MarkdownWithMath(renderer=renderer).render(source))
    except Exception:  # whatever a stranger's text does to the parser, a person can still read it
        rendered = f"<pre>{escape(source)}</pre>"
    return clean(rendered)


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """nbconvert's filter of this name, for its ``filters`` setting."""
    return markdown(source, context.get("cell", {}).get("attachments"))


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if _MEDIA.fullmatch(value) else None
    if name == "href":
        return value if _LINK.match(value.strip()) else None
    return value
