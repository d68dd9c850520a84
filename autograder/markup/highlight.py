"""Python in colours, for the notebooks that nbgrader shows: a few kinds of words, found in one pass.

Pygments reads code with patterns that go back: some lines of spaces keep it busy for minutes.
"""

from __future__ import annotations

import builtins
import keyword
from html import escape

from autograder.patterns import LETTER, Match, Pattern

_PART = Pattern(
    r"(?P<c1>#[^\n]*)"
    r'|(?P<s2>"""(?:[^\\]|\\.)*?(?:"""|\z)|"(?:[^"\\\n]|\\.)*(?:"|\n|\z))'
    r"|(?P<s1>'''(?:[^\\]|\\.)*?(?:'''|\z)|'(?:[^'\\\n]|\\.)*(?:'|\n|\z))"
    r"|(?P<mi>[0-9][0-9A-Za-z_.]*)"
    rf"|(?P<n>{LETTER}+)",
    dot_all=True,
)
_NAMES = {
    **dict.fromkeys(dir(builtins), "nb"),
    **dict.fromkeys(keyword.kwlist, "k"),
    **dict.fromkeys(("True", "False", "None"), "kc"),
}


def highlighted(source: str) -> str:
    """The code as HTML, escaped, with Pygments' classes for its style sheets."""
    parts, end = [], 0
    for found in _PART.finditer(source):
        parts += [escape(source[end : found.start()]), _span(found)]
        end = found.end()
    return "".join([*parts, escape(source[end:])])


def _span(found: Match) -> str:
    text, kind = str(found[0]), found.lastgroup
    if kind == "n":
        kind = _NAMES.get(text, "n")
    return f'<span class="{kind}">{escape(text)}</span>'
