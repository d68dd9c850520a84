"""``course.yml``: what it may say, and the one sentence that comes back when it is wrong."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from ruamel.yaml import YAML

from autograder.course.folders import COURSE_FILE, SCHEMA_FILE, CourseError, Paths, find_root
from autograder.course.models import Course, Feedback
from autograder.course.reading import course_schema, load_course
from autograder.messages import Language

REPOSITORY = Path(__file__).parents[2]

TEXT = """\
title: {en: A course, ko: 과목}
language: en
timezone: Asia/Seoul

assignments:
  - name: 01_first
    title: First
    release: 2027-03-01
    due: 2027-03-07
    limits: {memory: 500 MB, cell_seconds: 5}
  - name: 02_second
    title: {en: Second, ko: 둘째}
    release: 2027-03-08 09:00
    due: 2027-03-14T18:00:00+01:00
    tensorflow: true
    feedback: {before: names}
"""

LATE = """\
attempts: best
late:
  grace: 15 minutes
  penalty: 10
  last_day: 3
  extensions:
    ada: 2 days
    bob: 2027-03-20
    cleo: {01_first: 2027-03-21 12:00, 02_second: 12 hours}
"""


def loaded(folder: Path, text: str | bytes) -> Course:
    (folder / COURSE_FILE).write_bytes(text.encode() if isinstance(text, str) else text)
    return load_course(folder)


class TestTheCourse:
    def test_this_repositorys_own(self) -> None:
        course = load_course(REPOSITORY)
        assert course.names == ("01_preprocessing", "02_mlp", "03_convolution", "04_pooling", "05_cnn")
        assert [week.name for week in course.assignments if week.tensorflow] == ["02_mlp", "05_cnn"]

    def test_values_and_defaults(self, tmp_path: Path) -> None:
        first, second = loaded(tmp_path, TEXT).assignments
        assert (first.title.en, first.title.ko, second.title.ko) == ("First", "First", "둘째")
        assert (first.tensorflow, second.tensorflow, first.seed) == (False, True, 0)
        assert (first.limits.memory, first.limits.cell_seconds) == (500_000_000, 5)
        assert (second.limits.memory, second.limits.cell_seconds) == (2 * 1024**3, 10)
        assert (first.feedback.before, second.feedback.before, second.feedback.after) == (
            "hints",
            "names",
            "full",
        )

    def test_times_are_in_the_courses_zone_unless_they_say_another(self, tmp_path: Path) -> None:
        first, second = loaded(tmp_path, TEXT).assignments
        seoul = ZoneInfo("Asia/Seoul")
        assert first.release == dt.datetime(2027, 3, 1, 0, 0, tzinfo=seoul)
        assert first.due == dt.datetime(2027, 3, 7, 23, 59, 59, tzinfo=seoul)
        assert second.release == dt.datetime(2027, 3, 8, 0, 0, tzinfo=dt.UTC)
        assert second.due == dt.datetime(2027, 3, 14, 17, 0, tzinfo=dt.UTC)

    def test_feedback_opens_at_the_due_date(self, tmp_path: Path) -> None:
        first = loaded(tmp_path, TEXT).assignment("01_first")
        assert first.feedback_level(first.due - dt.timedelta(seconds=1)) == "hints"
        assert first.feedback_level(first.due) == "full"

    def test_an_unknown_week_is_answered_with_the_known_ones(self, tmp_path: Path) -> None:
        course = loaded(tmp_path, TEXT)
        assert course.assignment("02_second").name == "02_second"
        with pytest.raises(CourseError) as caught:
            course.assignment("second")
        assert 'did you mean "02_second"?' in str(caught.value)
        assert "01_first, 02_second" in str(caught.value)

    def test_a_byte_order_mark_does_no_harm(self, tmp_path: Path) -> None:
        assert loaded(tmp_path, b"\xef\xbb\xbf" + TEXT.encode()).language is Language.EN


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        # keys
        ("language: en", "langauge: en", 'line 2: langauge is not a setting here (did you mean "language"?)'),
        ("due: 2027-03-07", "deu: 2027-03-07", 'line 9: assignments.01_first.deu is not a setting here (did'),
        ("memory:", "memry:", 'assignments.01_first.limits.memry is not a setting here (did you mean'),
        ("    due: 2027-03-07\n", "", "line 6: assignments.01_first.due is missing"),
        ("title: {en: A course, ko: 과목}\n", "", "line 1: title is missing"),
        ("ko: 둘째", "fr: Deux", "line 12: assignments.02_second.title.fr is not a setting here"),
        ("language: en", "1: en", "line 2: 1 is not a setting here"),
        ("language: en", "late: {extensions: {ada: {03: 1 day}}}", "extensions.ada.3 has to be text, not 3"),
        ("language: en", "late: {extensions: {123: 1 day}}", "late.extensions.123 has to be in quotes"),
        ("language: en", "late: {extensions: {ada: {first: 1 day}}}", "late.extensions.ada.first is no"),
        ("language: en", "late: {extensions: {ada: a lot}}", "late.extensions.ada has to be a date such as"),
        ("language: en", "late: {grace: 1.5 days}", "late.grace has to be a time such as 15 minutes, 12 ho"),
        ("language: en", "late: {penalty: 101}", "late.penalty has to be none, zero or a number of percent"),
        ("language: en", "late: {penalty: true}", "late.penalty has to be none, zero or a number of percent"),
        ("language: en", "late: {last_day: -1}", "line 2: late.last_day has to be at least 0, not -1"),
        ("language: en", "attempts: first", "line 2: attempts has to be 'last' or 'best', not 'first'"),
        ("tensorflow: true", "weight: -1", "line 15: assignments.02_second.weight has to be at least 0"),
        ("language: en", "language: en\nlanguage: ko", "line 3: this is not YAML (found duplicate key"),
        # types
        ("language: en", "language: de", "line 2: language has to be 'en' or 'ko', not 'de'"),
        ("tensorflow: true", "tensorflow: maybe", "assignments.02_second.tensorflow has to be true or false"),
        ("tensorflow: true", "seed: -1", "line 15: assignments.02_second.seed has to be at least 0, not -1"),
        ("tensorflow: true", "seed: 1.5", "assignments.02_second.seed has to be a whole number, not 1.5"),
        ("500 MB", "plenty", 'memory has to be a size such as "2 GiB"'),
        ("500 MB", "0", 'memory has to be a size such as "2 GiB"'),
        ("500 MB", "999999999999999999999 TB", 'memory has to be a size such as "2 GiB"'),
        ("cell_seconds: 5", "cell_seconds: fast", "cell_seconds has to be a number, not 'fast'"),
        ("cell_seconds: 5", "cell_seconds: 0", "cell_seconds has to be more than 0, not 0"),
        ("cell_seconds: 5", "cell_seconds: .nan", "cell_seconds has to be at most 86400, not nan"),
        ("{memory: 500 MB, cell_seconds: 5}", "strict", "limits needs keys of its own (memory,"),
        ("before: names", "before: all", "before has to be 'none', 'names', 'hints' or 'full', not 'all'"),
        ("name: 01_first", "name: ../01", "line 6: assignments.../01.name has to be made of letters"),
        ("name: 01_first", "name:", "line 6: assignments.0.name has to be text, not nothing"),
        # dates
        ("2027-03-07", "2027-02-30", "line 9: assignments.01_first.due has to be a date that exists"),
        ("2027-03-08 09:00", "2027-03-08 25:00", "line 13: assignments.02_second.release has to be a date"),
        ("2027-03-08 09:00", "next week", "has to be a date that exists, written as 2027-03-15 23:59, not"),
        ("due: 2027-03-07", "due: 2027-02-07", "line 9: assignments.01_first.due has to come after release"),
        ("Asia/Seoul", "Asia/Soul", 'line 3: timezone is not a time zone (did you mean "Asia/Seoul"?)'),
        # assignments
        ("name: 02_second", "name: 01_first", "line 11: assignments.01_first.name appears twice"),
        # YAML
        ("language: en", "language: [en", "this is not YAML"),
        ("language: en", "language: en\n\tx: 1", "line 3: this is not YAML"),
        ("language: en", "language: &a [*a]", "line 2: language has to be 'en' or 'ko', not a list"),
        (TEXT, "", "line 1: the file has to start with keys"),
        (TEXT, "- one\n- two", "line 1: the file has to start with keys"),
        (TEXT, "assignments:\n  one: 1\ntitle: {en: a, ko: b}", "line 1: assignments has to be a list"),
    ],
)  # fmt: skip
def test_a_problem_is_one_sentence_with_line_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(CourseError) as caught:
        loaded(tmp_path, TEXT.replace(old, new, 1))
    message = str(caught.value)
    assert message.startswith(COURSE_FILE)
    assert said in message
    assert message.endswith(".")
    assert "\n" not in message


def test_bytes_that_are_no_text_are_a_sentence_too(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="not UTF-8"):
        loaded(tmp_path, b"\xff\xfe\x00")
    with pytest.raises(CourseError, match="not YAML"):
        loaded(tmp_path, b"title: \x00")


def test_no_file_and_no_permission(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"There is no course\.yml"):
        load_course(tmp_path)
    (tmp_path / COURSE_FILE).mkdir()
    with pytest.raises(CourseError, match="cannot be read"):
        load_course(tmp_path)


class TestPaths:
    def test_the_root_is_found_from_below(self, tmp_path: Path) -> None:
        (tmp_path / COURSE_FILE).write_text(TEXT, encoding="utf-8")
        below = tmp_path / "submitted" / "ada"
        below.mkdir(parents=True)
        assert find_root(below) == tmp_path.resolve()

    def test_no_root_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(CourseError, match="go to the course's folder"):
            find_root(tmp_path)

    def test_every_folder_has_its_place(self, tmp_path: Path) -> None:
        paths = Paths(tmp_path)
        assert paths.submission("ada", "01_first") == tmp_path / "submitted/ada/01_first/01_first.ipynb"
        assert paths.graded("ada", "01_first") == tmp_path / "autograded/ada/01_first/01_first.ipynb"
        assert paths.released("01_first") == tmp_path / "assignments/01_first/01_first.ipynb"
        assert paths.public_tests("01_first") == tmp_path / "tests/hidden/01_first/test_public.py"
        assert paths.gradebook_url == f"sqlite:///{tmp_path.resolve()}/gradebook.db"

    def test_the_data_is_relative_to_the_course(self, tmp_path: Path) -> None:
        paths = Paths(tmp_path)
        assert paths.data(loaded(tmp_path, TEXT).data) is None
        assert paths.data(loaded(tmp_path, TEXT + "data: mnist.npz\n").data) == tmp_path / "mnist.npz"
        assert paths.data(loaded(tmp_path, TEXT + "data: /data/mnist.npz\n").data) == Path("/data/mnist.npz")


class TestSchema:
    def test_the_committed_one_is_current(self) -> None:
        committed = json.loads((REPOSITORY / SCHEMA_FILE).read_text(encoding="utf-8"))
        assert committed == course_schema(), f"{SCHEMA_FILE} is of other settings: run make schema"

    def test_editors_find_it(self) -> None:
        first = (REPOSITORY / COURSE_FILE).read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema={SCHEMA_FILE}"

    @pytest.mark.parametrize(
        "text", [TEXT, TEXT + LATE, (REPOSITORY / COURSE_FILE).read_text(encoding="utf-8")]
    )
    def test_it_accepts_what_the_models_accept(self, text: str) -> None:
        document = YAML(typ="safe").load(text)
        document = json.loads(json.dumps(document, default=str))  # editors read dates as text
        jsonschema.validate(document, course_schema())

    def test_it_refuses_a_misspelt_key(self) -> None:
        document = json.loads(json.dumps(YAML(typ="safe").load(TEXT), default=str)) | {"langauge": "en"}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, course_schema())


def test_the_config_for_nbgrader_follows_the_course(tmp_path: Path) -> None:
    from autograder.course.nbgrader import nbgrader_config

    shutil.copy(REPOSITORY / "nbgrader_config.py", tmp_path)
    loaded(tmp_path, TEXT + "id: my-course\nlate: {penalty: zero}\n")
    config = nbgrader_config(tmp_path)
    assert config.CourseDirectory.course_id == "my-course"
    assert config.AssignLatePenalties.plugin_class == "autograder.plugin.LatePenalty"
    assert config.LatePenalty.root == str(tmp_path.resolve())
    assert config.OneLanguage.remove_cell_tags == {"ko"}


@pytest.mark.parametrize(
    "written", ["15 minutes", "90 minutes", "36 hours", "2 days", "2.5 minutes", "3 weeks", 0]
)
def test_a_length_of_time_that_is_written_again_is_read_again(written: str | int) -> None:
    """As in the reduced settings that go to another platform."""
    feedback = Feedback.model_validate({"every": written})
    assert Feedback.model_validate(feedback.model_dump(mode="json")) == feedback
