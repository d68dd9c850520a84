"""What a candidate's end is called, and which seed its tests get."""

from __future__ import annotations

from pathlib import Path

import pytest
from trial import SOLUTION, make

from autograder.candidate import notebook
from autograder.candidate.sandbox import confinement
from autograder.course.folders import Paths
from autograder.course.models import Limits
from autograder.course.reading import load_course
from autograder.examination import Examination, Verdict
from autograder.examiner.remote.verdicts import explain
from autograder.grading.pool import Pool, patience, worker_settings
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options


@pytest.mark.parametrize(
    ("code", "verdict", "words"),
    [
        (confinement.EXIT_MEMORY, Verdict.MEMORY, "memory limit of 1 GiB reached"),
        (confinement.EXIT_CPU, Verdict.TIMEOUT, "limit of processor time reached"),
        (confinement.EXIT_DISK, Verdict.OUTPUT, "disk limit of 2 MiB reached"),
        (-24, Verdict.TIMEOUT, "limit of processor time reached"),
        (128 + 25, Verdict.OUTPUT, "disk limit of 2 MiB reached"),
        (128 + 11, Verdict.CRASHED, "segmentation fault"),
        (-9, Verdict.CRASHED, "signal 9"),
        (0, Verdict.CRASHED, "ended itself"),
        (None, Verdict.CRASHED, "ended itself"),
    ],
)
def test_each_end_has_its_own_verdict(code: int | None, verdict: Verdict, words: str) -> None:
    found, text = explain(code, Limits(memory="1 GiB", scratch="2 MiB"))  # type: ignore[arg-type]
    assert found is verdict
    assert words in str(text)


SEEDED = '''

@pytest.mark.cell("test-half")
def test_what_the_generators_say(submission):
    """Says what the global generator gives.

    전역 난수를 알려 줍니다.
    """
    assert False, str(submission.import_module("random").random())
'''


@pytest.mark.slow
def test_another_seed_reaches_the_tests(tmp_path: Path) -> None:
    trial = make(tmp_path)
    suite = trial.paths.suite("trial") / "test_hidden.py"
    suite.write_text(suite.read_text(encoding="utf-8") + SEEDED, encoding="utf-8")
    course, paths = load_course(tmp_path), Paths(tmp_path)
    settings = worker_settings(course, paths, "trial", Options())
    job = {"student": "one", "key": "k", "raw": dump(read_script(SOLUTION)), "problem": ""}

    def said(seed: int) -> str:
        pool = Pool(settings, 1, patience(course.assignment("trial")))
        try:
            ((_, answer),) = pool.run([{**job, "seed": seed}])
        finally:
            pool.close()
        assert isinstance(answer, dict)
        tests = Examination.model_validate_json(answer["examination"]).tests
        return next(str(test.message) for test in tests if test.name == "test_what_the_generators_say")

    assert said(0) == said(0) != said(1)


@pytest.mark.parametrize(("seen", "said"), [([3, 2, 1], 1), ([1], 1), ([0], 0), ([2] * 1000, 2)])
def test_threads_that_are_being_cleared_away_are_waited_for(
    seen: list[int], said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter(seen)
    monkeypatch.setattr(notebook, "_threads_now", lambda: next(counts))
    assert notebook._threads() == said
