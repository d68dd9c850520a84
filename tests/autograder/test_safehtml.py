"""Strangers' HTML, Markdown and code as somebody sees them: honest ones whole, all in order and harmless."""

from __future__ import annotations

import html.parser
from typing import Any

import nh3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbformat import v4
from traitlets.config import Config

from autograder.markup import harmless
from autograder.markup.highlight import highlighted
from autograder.markup.markdown import LONGEST, render
from autograder.markup.wellformed import DEPTH, TooMuch, well_formed

TAGS = harmless._TAGS
FRAME = (
    "<div>\n<style scoped>\n    .dataframe tbody tr th {\n        vertical-align: top;\n    }\n</style>\n"
    '<table border="1" class="dataframe">\n  <thead>\n    <tr style="text-align: right;">\n      <th></th>\n'
    "      <th>값</th>\n    </tr>\n  </thead>\n  <tbody>\n    <tr>\n      <th>0</th>\n      <td>&lt;</td>\n"
    "    </tr>\n  </tbody>\n</table>\n<p>1 rows × 1 columns</p>\n</div>"
)
HONEST = [
    FRAME,
    "<p>One<p>Two <b>bold <i>both</i></b><br>new line<hr>",
    "<ul><li>a<li>b<ul><li>c</ul><li>d</ul>",
    "<dl><dt>a<dd>b<dt>c<dd>d</dl>",
    "<table><tr><td>1<td>2<tr><td><table><tr><td>inner</table><td>4</table>",
    "<h2>Title</h2><div style='color: red'>red &amp; <span style=\"color:blue\">blue</span></div>",
    "<a href=https://example.org/?a=1&amp;b=2 title='it''s'>link</a> 1 < 2 > 0",
    "<details><summary>more</summary><pre>  x\n  y</pre></details>",
    "<b><p>bold</p></b><blockquote>said<cite>who</cite></blockquote>",
    '<img src="data:image/png;base64,QUJD" alt="a > b"><video controls><source src="x"></video>',
]


class Reader(html.parser.HTMLParser):
    """Demands that what is open is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.deepest = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("br", "col", "hr", "img", "source", "wbr"):
            self.open.append(tag)
        self.deepest = max(self.deepest, len(self.open))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("text", HONEST)
def test_honest_html_means_what_it_meant(text: str) -> None:
    clean = {"tags": TAGS, "attributes": harmless._ATTRIBUTES}
    assert nh3.clean(well_formed(text, TAGS, 10**6), **clean) == nh3.clean(text, **clean)


PIECES = st.sampled_from(
    [f"<{tag}>" for tag in sorted(TAGS)]
    + [f"</{tag}>" for tag in sorted(TAGS)]
    + [
        "<",
        ">",
        "&",
        "&lt;",
        "'",
        '"',
        "=",
        " x ",
        "<!--",
        "-->",
        "<!",
        "<?",
        "</",
        "<svg>",
        "<math>",
        "<a b='",
    ]
    + [
        '<p a="',
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<font>",
        "<title>",
        "\0",
        "값",
        "\ud800",
        "/>",
    ]
)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES | st.text(max_size=4), max_size=60).map("".join))
def test_whatever_it_is_it_comes_out_in_order(text: str) -> None:
    made = well_formed(text, TAGS, 10**6)
    reader = Reader(made)
    assert reader.open == []
    assert reader.deepest <= DEPTH
    assert well_formed(made, TAGS, 10**6) == made


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES, max_size=40).map("".join))
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    once = harmless.clean(text)
    assert "<script" not in once
    assert harmless.clean(once) == once


def test_too_many_tags_leave_a_remark() -> None:
    with pytest.raises(TooMuch):
        well_formed("<b>x</b>" * 11, TAGS, 10)
    made = harmless.clean_output("<b>x</b>" * (harmless.MOST_TAGS + 1))
    assert made == f"<p><em>Not shown: more than {harmless.MOST_TAGS} tags.</em></p>"


def test_what_is_nested_too_deeply_keeps_its_text() -> None:
    made = harmless.clean_output("<div>" * 10_000 + "the text")
    assert made.count("<div>") == DEPTH
    assert "the text" in made


@pytest.mark.parametrize(
    "text",
    [
        "<scr<script>ipt>evil()</scr</script>ipt>",
        "<img src=x onerror=evil()>",
        "<IMG SRC='x' OnError='evil()'/>",
        "<p title='\"><img src=x onerror=evil()>'>x</p>",
        "<a href=' java\nscript:evil()'>x</a>",
        "<svg><style><img src=x onerror=evil()></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=evil()>",
        "<noscript><p title='</noscript><img src=x onerror=evil()>'>",
        "<!--><img src=x onerror=evil()>-->",
        "<p style='background:url(javascript:evil())'>x</p>",
        "<iframe srcdoc='<script>evil()</script>'></iframe>",
        "<base href=//evil><form action=//evil><button formaction=javascript:evil()>x",
    ],
)
def test_nothing_runs(text: str) -> None:
    for made in (harmless.clean(text), harmless.clean_output(text), harmless.markdown(text)):
        for tag, attributes in _tags(made):
            assert tag in TAGS
            assert not any(name.startswith("on") or name == "srcdoc" for name in attributes)
            assert "evil" not in attributes.get("href", "") + attributes.get("src", "") + attributes.get(
                "style", ""
            )


def _tags(text: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []

    class Tags(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    Tags().feed(text)
    return found


class TestMarkdown:
    def test_it_is_set_as_jupyter_sets_it(self) -> None:
        made = harmless.markdown(
            "# Title\n\n**bold** `code` ~~gone~~ [a](https://example.org)\n\n1. one\n2. two\n\n"
            "|a|b|\n|-|-|\n|1|2|\n"
        )
        for part in ("<h1>Title</h1>", "<strong>bold</strong>", "<code>code</code>", "<s>gone</s>", "<ol>"):
            assert part in made
        assert "<td>1</td>" in made
        assert 'href="https://example.org"' in made

    @pytest.mark.parametrize(
        ("source", "kept"),
        [
            ("$a_1 < b_1$ and $c_2$", "$a_1 &lt; b_1$ and $c_2$"),
            ("$$x *y* z$$", "$$x *y* z$$"),
            ("$$\na\n\n= b_1 _c_\n$$", "$$\na\n\n= b_1 _c_\n$$"),
            ("\\begin{align}\na &= b\n\n\\end{align}", "\\begin{align}\na &amp;= b\n\n\\end{align}"),
            ("\\\\(x_1\\\\) \\\\[y_1\\\\]", "$x_1$ $$y_1$$"),
            ("a $x$\n$$\ny_1 + _z_\n$$", "$$\ny_1 + _z_\n$$"),
            ("`$not$` and 5\\$", "<code>$not$</code> and 5$"),
            ("it costs $5", "it costs $5"),
        ],
    )
    def test_mathematics_is_left_for_mathjax(self, source: str, kept: str) -> None:
        assert kept in harmless.markdown(source)

    def test_pasted_pictures_are_in_it(self) -> None:
        pictures = {"화면 1.png": {"image/png": "QUJD"}}
        made = harmless.markdown("![shot](<attachment:화면 1.png>) ![no](attachment:none.png)", pictures)
        assert 'src="data:image/png;base64,QUJD"' in made
        assert 'alt="no"' in made

    def test_pictures_that_are_written_out_are_shown_whatever_their_size(self) -> None:
        data = "data:image/png;base64," + "QUJD" * LONGEST
        assert f'src="{data}"' in harmless.markdown(f"**Colab** does it:\n\n![image]({data})")
        assert f'src="{data}"' in harmless.markdown(f"<img src='{data}' width=10>")

    def test_a_text_cannot_grow_without_end(self) -> None:
        pictures = {"a": {"image/png": "QUJD" * 250_000}}
        assert len(render("![](attachment:a)" * 1_000, pictures)) < 100_000
        assert len(render("![](attachment:a)" * 2, pictures)) > 1_000_000
        source = f"[x]: {'y' * 40_000}\n\n" + "[x] " * 10_000
        assert len(render(source)) < 2 * len(source)

    def test_what_is_longer_stands_as_it_is(self) -> None:
        assert harmless.markdown("*a* " * LONGEST).startswith("<pre>*a*")


def test_code_is_coloured_and_loses_nothing() -> None:
    source = 'def f(x):\n    """Doc <b>\n\n""" # no\n    return "a\\"b" + 값 * 1.5e3\n%magic\ny = \'open\n'
    made = highlighted(source)
    assert '<span class="k">def</span>' in made
    assert "<b>" not in made
    text: list[str] = []

    class Text(html.parser.HTMLParser):
        def handle_data(self, data: str) -> None:
            text.append(data)

    Text().feed(made)
    assert "".join(text) == source


def exported(*cells: Any) -> str:
    config = Config()
    config.HTMLExporter.filters = {
        name: f"autograder.markup.harmless.{name}"
        for name in ("markdown2html", "highlight_code", "strip_files_prefix")
    }
    notebook = v4.new_notebook(cells=list(cells))  # type: ignore[no-untyped-call]
    made, _ = HTMLExporter(config=config).from_notebook_node(notebook)
    return str(made)


def test_nbconvert_takes_these_filters() -> None:
    made = exported(
        v4.new_markdown_cell("*said* [a](files/b)"),  # type: ignore[no-untyped-call]
        v4.new_code_cell("def f(): return '<i>'"),  # type: ignore[no-untyped-call]
    )
    assert "<em>said</em>" in made
    assert '<span class="k">def</span>' in made
    assert "&lt;i&gt;" in made


@pytest.mark.slow
def test_a_page_of_nbconverts_is_made_of_whatever_there_is() -> None:
    for source in (" \n" * 20_000, "[" * 50_000, "$$ " * 20_000, "x" + ".a" * 20_000, '"""\\' * 20_000):
        made = exported(
            v4.new_markdown_cell(source),  # type: ignore[no-untyped-call]
            v4.new_code_cell(source),  # type: ignore[no-untyped-call]
        )
        assert "</html>" in made
