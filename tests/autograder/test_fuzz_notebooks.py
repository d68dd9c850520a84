"""Notebooks whose JSON was mutated: each is graded, or is one clear line.

``AUTOGRADER_FUZZ_NOTEBOOKS`` sets how many are read and merged (by default a few seconds' worth)::

    AUTOGRADER_FUZZ_NOTEBOOKS=2000 python -m pytest -q tests/autograder/test_fuzz_notebooks.py
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.course.folders import Paths
from autograder.examination import Examination, Status
from autograder.examiner.scoring import score_cells
from autograder.gradebook.graded_notebook import put_outputs
from autograder.grading.grade import grade
from autograder.notebooks.merging import merge
from autograder.notebooks.reading import UnreadableNotebook, read_submission
from autograder.notebooks.scripts import dump
from autograder.options import Options

INPUTS = int(os.environ.get("AUTOGRADER_FUZZ_NOTEBOOKS", "300"))
GRADED = max(30, INPUTS // 40)
RIGHT = "def double(x):\n    return 2 * x\n"

ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        5,
        1e308,
        float("nan"),
        float("inf"),
        10**400,
        "",
        "\ud800",
        "\x00",
        "x" * 5000,
    ),
    *([], {}, [[]], {"a": {}}, ["a", 1], [None], "code", "markdown", "raw", "../../x", "<script>", "=1+1"),
    *({"nbgrader": {}}, {"nbgrader": []}, {"nbgrader": {"grade_id": "double"}}, {"tags": ["skip-execution"]}),
    *({"tags": {"a": 1}}, {"nbgrader": {"grade_id": 5, "points": "9"}}, {"kernelspec": {"language": "R"}}),
]
KEYS = (
    "cells",
    "source",
    "metadata",
    "nbgrader",
    "grade_id",
    "points",
    "cell_type",
    "outputs",
    "tags",
    "id",
    "",
)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container in a JSON document with each of its keys or indices."""
    found: list[tuple[Any, Any]] = []
    todo = [node]
    while todo:
        here = todo.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here))
        for key in keys:
            found.append((here, key))
            if isinstance(here[key], (dict, list)):
                todo.append(here[key])
    return found


def mutate(document: Any, rng: random.Random) -> Any:
    """The document with one to six changes anywhere in it."""
    changed = copy.deepcopy(document)
    for _ in range(rng.randint(1, 6)):
        options = places(changed)
        if not options:
            break
        container, key = rng.choice(options)
        action = rng.randrange(6)
        if action == 0:
            container[key] = copy.deepcopy(rng.choice(ODD))
        elif action == 1:
            del container[key]
        elif action == 2 and isinstance(container, list):
            container.insert(rng.randrange(len(container) + 1), copy.deepcopy(container[key]))
        elif action == 2:
            container[rng.choice(KEYS)] = copy.deepcopy(container[key])
        elif action == 3:
            other, place = rng.choice(options)
            with contextlib.suppress(KeyError, IndexError):
                container[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(container[key])
        elif action == 4 and isinstance(container[key], str):
            text = container[key]
            place = rng.randrange(len(text) + 1)
            container[key] = (
                text[:place]
                + rng.choice(("\ud800", "\x00", "\u202e", "'''", "(" * 50, ""))
                + text[place + 1 :]
            )
        elif isinstance(container, dict):
            container[rng.choice(KEYS)] = copy.deepcopy(rng.choice(ODD))
    return changed


def hostile_notebooks(released: Any, count: int, seed: int) -> list[bytes]:
    """Half of them changed as documents, the others as bytes."""
    rng = random.Random(seed)
    document = json.loads(nbformat.writes(released))  # type: ignore[no-untyped-call]
    for cell in document["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "double":
            cell["source"] = RIGHT
    result = []
    for number in range(count):
        raw = json.dumps(mutate(document, rng) if number % 2 else document).encode()
        if number % 2 == 0:
            changed = bytearray(raw)
            for _ in range(rng.randint(1, 5)):
                place = rng.randrange(len(changed))
                if rng.random() < 0.5:
                    changed[place] = rng.randrange(256)
                else:
                    del changed[place : place + rng.choice((1, 3, 100))]
            raw = bytes(changed)
        result.append(raw)
    return result


@pytest.fixture
def released(gradable: Path) -> Any:
    return nbformat.read(Paths(gradable).released("small"), as_version=4)  # type: ignore[no-untyped-call]


def test_every_mutation_is_merged_or_refused_in_one_line(released: Any) -> None:
    wanted = [(score.grade_id, score.max_points) for score in score_cells(released, None, ())]
    read = 0
    for raw in hostile_notebooks(released, INPUTS, seed=1):
        try:
            merged = merge(read_submission(raw), released)
        except UnreadableNotebook as error:
            assert str(error).isprintable()
            assert len(str(error)) < 300
            continue
        read += 1
        nbformat.validate(merged.notebook)  # type: ignore[no-untyped-call]
        dump(merged.notebook).decode()
        assert all(str(notice.text).isprintable() for notice in merged.notices)
        # The points are those of the release, whatever the file says.
        scores = score_cells(released, merged.notebook, ())
        assert [(score.grade_id, score.max_points) for score in scores] == wanted
        given = {
            cell.metadata.nbgrader.grade_id: cell.source
            for cell in released.cells
            if "nbgrader" in cell.metadata
        }
        mine = {
            cell.metadata.nbgrader.grade_id: cell.source
            for cell in merged.notebook.cells
            if "nbgrader" in cell.metadata
        }
        assert mine.keys() == given.keys()
        assert all(mine[name] == given[name] for name in given if name.startswith("test-"))
    assert read > INPUTS // 5


def test_ids_that_foresee_how_doubles_are_renamed(released: Any) -> None:
    plain = {"cell_type": "markdown", "metadata": {}, "source": ""}

    def merged(*ids: str) -> list[str]:
        cells = [{**plain, "id": name} for name in ids]
        document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        return [
            cell.id for cell in merge(read_submission(json.dumps(document).encode()), released).notebook.cells
        ]

    count = len(merged("a"))
    for guess in (f"cell-{count + 2}-{count + 1}", f"cell-{count + 2}-1", f"cell-{count + 2}"):
        ids = merged("a", guess, "a")
        assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_mutated_notebooks_are_graded(gradable: Path, released: Any) -> None:
    paths = Paths(gradable)
    for number, raw in enumerate(hostile_notebooks(released, GRADED, seed=2)):
        path = paths.submission(f"s{number:04}", "small")
        path.parent.mkdir(parents=True)
        path.write_bytes(raw)
    path = paths.submission("right", "small")
    path.parent.mkdir(parents=True)
    document = json.loads(nbformat.writes(released))  # type: ignore[no-untyped-call]
    next(c for c in document["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "double")[
        "source"
    ] = RIGHT
    path.write_text(json.dumps(document))
    tally = grade(gradable, "small", Options(workers=2))
    found = {examination.student: examination for examination in tally.examinations}
    assert len(found) == GRADED + 1
    assert found["right"].points == 10
    for examination in found.values():
        assert examination.status in (Status.GRADED, Status.UNREADABLE), examination.notices
        assert 0 <= examination.points <= 10
        assert Examination.model_validate_json(examination.model_dump_json()) == examination
        raw = paths.submission(examination.student, "small").read_bytes()
        if examination.status is Status.GRADED:
            notebook = put_outputs(merge(read_submission(raw), released).notebook, examination)
            nbformat.validate(notebook)  # type: ignore[no-untyped-call]
    assert sum(examination.points == 10 for examination in found.values()) > GRADED // 5
