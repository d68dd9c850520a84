"""What `autograder grade` prints: a line a student that fits a terminal, with what people gave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest
import trial as trial_course
from nbgrader.api import Gradebook
from rich.cells import cell_len
from trial import Class
from typer.testing import CliRunner

from autograder.cli import app
from autograder.examination import Examination, Notice, Score, Status
from autograder.gradebook.grades import Given
from autograder.grading.grade import Tally
from autograder.messages import words
from autograder.show import print_scores, shortened


def examination(
    student: str, points: Sequence[float | None], notices: int = 0, week: str = "w"
) -> Examination:
    return Examination(
        key="k",
        assignment=week,
        student=student,
        status=Status.GRADED,
        notices=tuple(
            Notice(code="n", text=words(f"remark {n} " + "and so on " * 12)) for n in range(notices)
        ),
        scores=tuple(
            Score(grade_id=f"c{number}", points=earned, max_points=10, manual=earned is None)
            for number, earned in enumerate(points)
        ),
        graded_at=dt.datetime(2027, 3, 1, tzinfo=dt.UTC),
    )


def lines(capsys: pytest.CaptureFixture[str], tally: Tally, *, verbose: bool = False) -> list[str]:
    print_scores(tally, verbose=verbose)
    return capsys.readouterr().out.splitlines()


def test_a_class_takes_a_line_a_student_and_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    students = [f"student_{number:02}" for number in range(72)] + ["x" * 200, "김" * 60]
    tally = Tally([examination(name, (7.25, 10), notices=3) for name in students])
    said = lines(capsys, tally)
    assert len(said) == 74 + 3
    assert max(map(cell_len, said)) <= 80
    assert all("17.25/20" in line for line in said[1:75])
    assert all(line.endswith("… (+2)") for line in said[1:75])
    assert said[75].startswith("74 submissions, 0 examined now")


def test_all_remarks_are_told_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    said = lines(capsys, Tally([examination("ada", (1,), notices=3)]), verbose=True)
    assert max(map(len, said)) <= 80
    assert sum(line.startswith("  remark") for line in said) == 3
    assert " ".join(" ".join(said).split()).count("and so on") == 36


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("kim_minji", 9, "kim_minji"),
        ("kim_minji_of_section_b", 11, "kim_m…ion_b"),
        ("김민지김민지", 9, "김민…민지"),
        ("김민지김민지", 8, "김민…지"),
    ],
)
def test_a_long_name_is_cut_in_the_middle(text: str, width: int, shown: str) -> None:
    assert shortened(text, width) == shown
    assert cell_len(shown) <= width


def test_several_notebooks_are_one_score(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = examination("ada", (3, None), week="ps/one"), examination("ada", (4,), week="ps/two")
    said = lines(capsys, Tally([one, other], given={("ps/one", "ada"): {"c1": Given(2.5)}}))
    assert said[1].split() == ["ada", "9.5/30"]
    said = lines(capsys, Tally([one, other]))
    assert said[1].split(maxsplit=2) == ["ada", "7/30", "one: c1: to be graded by a person"]


def test_what_changed_under_a_persons_score_is_looked_at_again(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally([examination("ada", (3,))], given={("w", "ada"): {"c0": Given(9, again=True)}})
    assert lines(capsys, tally)[1] == "ada        9/10  c0: changed since a person graded it, look again"


def test_a_score_given_by_a_person_leaves_nothing_open() -> None:
    fault = examination("ada", (None,)).model_copy(
        update={"status": Status.GRADER_ERROR, "scores": (Score(grade_id="c", points=None, max_points=4),)}
    )
    assert Tally([fault]).needs_a_person
    assert not Tally([fault], given={("w", "ada"): {"c": Given(4)}}).needs_a_person
    assert not Tally([examination("ada", (None,))]).needs_a_person


# For real


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Class:
    made = trial_course.make(tmp_path / "course")
    monkeypatch.chdir(made.root)
    return made


def grade_said() -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, ["grade", "trial"])
    return done.exit_code, done.stdout.splitlines()


@pytest.mark.slow
def test_a_persons_score_counts_in_what_grade_prints(trial: Class) -> None:
    trial.hand_in("ada")
    trial.hand_in("bob", half="def half(x):\n    return x\n")
    assert [line.split()[:2] for line in grade_said()[1][1:3]] == [["ada", "100/100"], ["bob", "80/100"]]
    with Gradebook(trial.paths.gradebook_url) as gradebook:
        grade = gradebook.find_grade("test-half", "trial", "trial", "bob")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 25, 3, False
        gradebook.db.commit()
    for _ in range(2):  # the second time from the mark of the first
        code, said = grade_said()
        assert (code, said[2].split()[:2]) == (0, ["bob", "88/100"])
        assert "0 examined now" in said[3]


@pytest.mark.slow
def test_odd_names_of_folders_stop_nothing(trial: Class) -> None:
    long = "n" * 200
    for name in ("ada", long, "bell\a", "\u202egnp", "a\\b"):
        trial.hand_in(name)
    bad = trial.paths.submitted / "\udcff"
    (bad / "trial").mkdir(parents=True)
    done = CliRunner().invoke(app, ["grade", "trial"])
    assert done.exit_code == 3
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:3]] == [
        ["ada", "100/100"],
        ["nnnnnnnnnnnnnn…nnnnnnnnnnnnn", "100/100"],
    ]
    for shown in (r"'bell\x07'", r"'\u202egnp'", r"'\udcff'", r"'a\\b'"):
        said = f"The folder {shown} in submitted/ has a name that cannot be an id and is left out: rename it."
        assert said in done.stderr
    for command in (["feedback", "trial"], ["report"], ["export", "csv"], ["similarity", "trial"]):
        assert CliRunner().invoke(app, command).exit_code == 0, command
    assert (trial.root / "feedback" / long / "trial" / "feedback.html").is_file()
