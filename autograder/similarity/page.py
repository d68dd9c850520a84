"""The page on which a pair is read side by side, and the command that writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from copydetect.utils import get_copied_slices

from autograder.course.folders import Paths, file_name
from autograder.course.reading import load_course
from autograder.examiner.mutants import load_alternatives
from autograder.files import write_atomically
from autograder.notebooks.merging import merge
from autograder.notebooks.metadata import grade_id, is_solution
from autograder.notebooks.reading import UnreadableNotebook, read_released, read_submission
from autograder.notebooks.scripts import read_script
from autograder.patterns import LETTER, Pattern
from autograder.similarity.compare import (
    MOST,
    RUN,
    ClassCode,
    Pair,
    compare_class,
    written_by,
)
from autograder.similarity.tokens import Cell
from autograder.submissions.found import find_submissions
from autograder.submissions.week import demand_released

_DEFINED = Pattern(
    rf"^(?:async )?(?:def|class) +({LETTER}+)|^({LETTER}+) *(?::[^=\n]+)?=(?:[^=]|\z)", lines=True
)


# -- a week -------------------------------------------------------------------------------------


def similarity(root: Path, week: str) -> list[Pair]:
    """Pairs of submissions of a week that are worth a look, the most alike first.

    Writes ``exports/similarity-<week>.json`` and a page for each pair below ``report/similarity/``. A pair
    is a reason to look, never a proof.

    Args:
        root: the course's folder.
        week: the assignment.

    Raises:
        CourseError, GradeError: with one sentence for a person.
    """
    course, paths = load_course(root), Paths(root)
    course.assignment(week)
    demand_released(paths, week)
    code = read_class(paths, week)
    pairs = code.pairs()[:MOST]
    pages = {pair: page_path(paths, week, pair) for pair in pairs}
    folder = paths.root / "report" / "similarity" / week
    for old in folder.glob("*.html") if folder.is_dir() else ():
        if old not in pages.values():
            old.unlink()
    for pair, path in pages.items():
        write_atomically(path, pair_page(code, pair, week).encode("utf-8", "replace"))
    listed = [
        {"a": p.a, "b": p.b, "score": p.score, "page": pages[p].relative_to(paths.root).as_posix()}
        for p in pairs
    ]
    content = json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
    write_atomically(paths.exports / f"similarity-{file_name(week)}.json", content.encode("utf-8", "replace"))
    return pairs


def read_class(paths: Paths, week: str) -> ClassCode:
    """The class's code from ``submitted/``; submissions that cannot be read are left out."""
    released = read_released(paths.released(week))
    submissions = {}
    for submission in find_submissions(paths, week):
        try:
            notebook = merge(read_submission(submission.raw or b""), released).notebook
        except UnreadableNotebook:
            continue
        submissions[submission.student] = written_by(notebook, released)
    stub = [Cell(grade_id(cell), cell.source) for cell in released.cells if is_solution(cell)]
    given = [
        Cell(grade_id(cell), cell.source)
        for cell in released.cells
        if cell.cell_type == "code" and not is_solution(cell)
    ]
    known = [[Cell(a.id, a.source)] for a in load_alternatives(paths.suite(week))]
    if paths.solution(week).is_file():
        script = read_script(paths.solution(week).read_text(encoding="utf-8"))
        known.append([Cell(grade_id(cell), cell.source) for cell in script.cells if is_solution(cell)])
    return compare_class(submissions, [*stub, *given], known, _defined(stub))


def _defined(cells: Iterable[Cell]) -> set[str]:
    """Names that the assignment asks for."""
    found: set[str] = set()
    for cell in cells:
        found |= {match[1] or match[2] for match in _DEFINED.finditer(cell.source)}
    return found


def page_path(paths: Paths, week: str, pair: Pair) -> Path:
    """Where a pair's page is."""
    name = f"{pair.a}~{pair.b}"
    if len(name.encode("utf-8", "replace")) > 200:  # a file's name has an end
        name = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
    return paths.root / "report" / "similarity" / week / f"{name}.html"


# -- a page for each pair -----------------------------------------------------------------------


def shared_parts(code: ClassCode, student: str, other: str) -> list[list[tuple[int, int]]]:
    """For each of a student's cells, the parts of its text whose fingerprints another one has too.

    Parts that tell nothing, because everybody has them, are left out.
    """
    document, theirs = code.documents[student], code.documents[other].all
    parts = []
    for tokens, prints in zip(document.tokens, document.prints, strict=True):
        places = [
            place
            for h, found in prints.items()
            if h in theirs and code.weights.of.get(h, 0.0) > 0.05
            for place in found
        ]
        starts, ends = get_copied_slices(np.array(places, dtype=int), RUN)
        parts.append(
            [(tokens[int(s)].start, tokens[int(e) - 1].end) for s, e in zip(starts, ends, strict=True)]
        )
    return parts


def pair_page(code: ClassCode, pair: Pair, week: str) -> str:
    """Both submissions side by side, what they share marked: one HTML page without scripts."""
    from jinja2 import Environment

    columns = []
    for student, other in ((pair.a, pair.b), (pair.b, pair.a)):
        cells = []
        parts = shared_parts(code, student, other)
        for cell, found in zip(code.documents[student].cells, parts, strict=True):
            pieces, position = [], 0
            for start, end in found:
                pieces += [(False, cell.source[position:start]), (True, cell.source[start:end])]
                position = max(position, end)
            pieces.append((False, cell.source[position:]))
            cells.append(
                (cell.name or "a cell of the student's own", [p for p in pieces if p[1]], bool(found))
            )
        columns.append((student, cells))
    page = Environment(autoescape=True).from_string(_PAGE.replace("/* style */", _STYLE))
    return page.render(week=week, pair=pair, columns=columns)


_STYLE = """
:root { color-scheme: light dark; --mark: #ffe08a; --line: #ccc; --quiet: #666; }
@media (prefers-color-scheme: dark) { :root { --mark: #6b5200; --line: #444; --quiet: #aaa; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; }
@media (max-width: 50rem) { main { grid-template-columns: 1fr; } }
section { min-width: 0; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
pre { font: 13px/1.4 ui-monospace, monospace; overflow-x: auto; border: 1px solid var(--line); padding: .6rem;
  margin: 0; tab-size: 4; }
mark { background: var(--mark); color: inherit; text-decoration: underline dotted; }
.quiet { color: var(--quiet); font-weight: normal; }
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ week }}: {{ pair.a }} and {{ pair.b }}</title>
<style>/* style */</style>
</head>
<body>
<h1>{{ week }}: {{ pair.a }} and {{ pair.b }}</h1>
<p>{{ "%.0f"|format(100 * pair.score) }} % of the shorter one's own code stands in the other one too,
about {{ "%.0f"|format(pair.tokens) }} tokens. Names, comments and the order of functions do not count;
what the release gives, what correct solutions have in common, and what everybody wrote is not marked.
This is a reason to look, not a proof.</p>
<main>
{% for student, cells in columns %}
<section aria-labelledby="student-{{ loop.index }}">
<h2 id="student-{{ loop.index }}">{{ student }}</h2>
{% for name, pieces, shared in cells %}
<h3>{{ name }}{% if not shared %} <span class="quiet">(nothing shared)</span>{% endif %}</h3>
<pre>{% for marked, text in pieces %}{% if marked %}<mark>{{ text }}</mark>{% else %}{{ text }}{% endif %}\
{% endfor %}</pre>
{% endfor %}
</section>
{% endfor %}
</main>
</body>
</html>
"""
