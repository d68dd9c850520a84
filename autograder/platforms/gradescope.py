"""A week as a Gradescope autograder: the archive to upload, and what runs inside it.

Gradescope unpacks the archive into ``/autograder/source``, runs ``setup.sh`` once, and for each submission
starts a container, puts the files into ``/autograder/submission``, runs ``run_autograder`` and reads
``/autograder/results/results.json``. The environment variable ``AUTOGRADER_ROOT`` puts another folder in
the place of ``/autograder``.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.course.folders import CourseError, Paths
from autograder.course.models import Course, Level
from autograder.course.reading import load_course
from autograder.examination import Examination, Status
from autograder.files import json_bytes, write_atomically
from autograder.gradebook.grades import Grade
from autograder.messages import Language
from autograder.platforms.bundle import (
    BundleSettings,
    engine_files,
    examine_one,
    fault,
    find_notebook,
    settings_file,
    week_files,
)
from autograder.platforms.items import examined, items
from autograder.problem import GradeError
from autograder.wording import rendering, text, words
from autograder.wording.policy import closes, own_due

ROOT_VARIABLE = "AUTOGRADER_ROOT"

_SETUP = """\
#!/usr/bin/env bash
# Run once by Gradescope, when the image is built: Python and what the autograder needs.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
export DEBIAN_FRONTEND=noninteractive

apt-get update
apt-get install -y --no-install-recommends python3 python3-venv libseccomp2
python=python3
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  apt-get install -y --no-install-recommends python3.11 python3.11-venv
  python=python3.11
fi
"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check \\
  -r "$root/source/requirements.txt"

# A submission runs as another user, who has no business here.
chmod -R go-rwx "$root/source/course/solutions" "$root/source/course/tests"
"""

_RUN = """\
#!/usr/bin/env bash
# Grades one submission; Gradescope runs it once for each.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
cd "$root/source"
export PYTHONPATH="$root/source" PYTHONDONTWRITEBYTECODE=1
exec "$root/venv/bin/python" -P -m autograder.platforms.gradescope
"""


def package_gradescope(
    root: Path, week: str, switched_off: Sequence[str] = (), *, late_penalty: bool = True
) -> Path:
    """Write ``exports/gradescope-<week>.zip``, the archive to upload as a week's autograder.

    The same course gives the same bytes.

    Args:
        root: the course's folder.
        week: the assignment.
        switched_off: layers of confinement to do without there.
        late_penalty: take off for lateness what ``course.yml`` says.

    Returns:
        the archive's path.
    """
    course, paths = load_course(root), Paths(root)
    settings = BundleSettings(week=week, switched_off=tuple(switched_off), late_penalty=late_penalty)
    files = {
        "setup.sh": _SETUP.encode(),
        "run_autograder": _RUN.encode(),
        **settings_file(settings),
        **engine_files(),
        **week_files(course, paths, week, public_only=False),
    }
    target = paths.exports / f"gradescope-{week}.zip"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)
            mode = 0o755 if name in ("setup.sh", "run_autograder") else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    write_atomically(target, content.getvalue())
    return target


def run(root: Path) -> None:
    """Grade the submission in Gradescope's folders below ``root`` and write ``results.json``.

    Raises:
        CourseError, GradeError: nothing was written, so that Gradescope says that the autograder failed:
            a fault of the grader is no student's zero.
    """
    from autograder.gradebook.late import days_late
    from autograder.platforms.gradescope import (
        gradescope_results,  # needs nbgrader, which takes a while to import
    )

    about = _metadata(root / "submission_metadata.json")
    bundle = root / "source"
    week = BundleSettings.model_validate_json((bundle / "settings.json").read_bytes()).week
    found = find_notebook(root / "submission", week)
    student = _student(about)
    settings, course, examination = examine_one(bundle, found, student)
    if problem := fault(examination):
        raise GradeError(f"The submission could not be graded: {problem}")
    levels = course.assignment(week).feedback
    now = dt.datetime.now(dt.UTC)
    known = _known(course, student)
    due, theirs = _dates(about, course.assignment(week).due)
    extension = theirs - due
    penalty = 0.0
    if settings.late_penalty:
        submitted = _time(about.get("created_at")) or now
        days = days_late(course, week, known, due, submitted, extension)
        penalty = course.late.deducted(examination.points, days)
    results = gradescope_results(
        examination,
        levels.before,
        levels.after,
        due=now >= closes(course, week, known, due=due, extension=extension),
        language=course.language,
        penalty=penalty,
        longer=own_due(course, week, known, due=due, extension=extension) > theirs,
    )
    if found.problem:
        results["output"] = f"{results['output']}\n{found.problem.in_(course.language)}".strip()
    content = json.dumps(results, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    write_atomically(root / "results" / "results.json", content)


def _known(course: Course, student: str) -> str:
    """The student as ``course.yml`` may know them: by the whole address or by what stands before the @."""
    names = [name for name in (student, student.partition("@")[0]) if name in course.late.extensions]
    return names[0] if names else student


def _dates(about: dict[str, Any], due: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Everybody's due date and the student's own one, as Gradescope says; ``due`` where it says none."""
    everybodys = _time(about.get("assignment", {}).get("due_date")) or due
    granted = _first_user(about).get("assignment")
    theirs = _time(granted.get("due_date")) if isinstance(granted, dict) else None
    return everybodys, max(everybodys, theirs or everybodys)


def _metadata(path: Path) -> dict[str, Any]:
    """What Gradescope says of the submission; empty if it says nothing that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    if not isinstance(found.get("assignment"), dict):
        found["assignment"] = {}
    return found


def _first_user(about: dict[str, Any]) -> dict[str, Any]:
    users = about.get("users")
    return users[0] if isinstance(users, list) and users and isinstance(users[0], dict) else {}


def _student(about: dict[str, Any]) -> str:
    return str(_first_user(about).get("email") or "submission")


def _time(text: Any) -> dt.datetime | None:
    try:
        time = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else None


def main() -> None:
    """What ``run_autograder`` starts."""
    try:
        run(Path(os.environ.get(ROOT_VARIABLE, "/autograder")))
    except (CourseError, GradeError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()


def gradescope_results(
    examination: Examination,
    before: Level,
    after: Level,
    *,
    due: bool,
    language: Language = Language.EN,
    grade: Grade | None = None,
    penalty: float = 0.0,
    longer: bool = False,
) -> dict[str, Any]:
    """Gradescope's ``results.json`` of one submission.

    A hidden test would hide the student's total, so that what the policy does not tell is left out of a
    test's output instead; only where it tells nothing at all until the due date are the tests hidden.

    Args:
        examination: the record.
        before, after: how much is told before and after the due date.
        due: whether the due date has passed.
        language: of the output.
        grade: of the gradebook, if it is to count instead of the record.
        penalty: points to take off for lateness, where there is no ``grade``.
        longer: the student has more time than Gradescope knows of: what it would show after its own due
            date has to stay out of the file.
    """
    level = after if due else before
    visibility = "visible"
    if level == "none":
        visibility = "hidden" if after == "none" or longer else "after_due_date"
        level = "none" if longer else after
    marks = None if grade is None else grade.cells
    listed = items(examination, level, language, marks)
    taken = penalty if grade is None else grade.penalty
    score = sum(item.points or 0.0 for item in listed) if grade is None else grade.points
    lines = [said for notice in examination.notices if (said := rendering.notice(notice, language))]
    if examination.status in (Status.UNREADABLE, Status.MISSING):
        lines.insert(0, words.word(examination.status, language))
    if taken:
        lines.append(words.word("late", language, points=words.number(taken)))
    open_points = sum(s.max_points for s in examination.undecided) if grade is None else 0.0
    if open_points:
        lines.append(words.word("undecided-manual", language, points=words.number(open_points)))
    return {
        "score": round(max(0.0, score - taken), 6),
        "execution_time": round(examination.timings.get("total", 0.0), 3),
        "output": text.plain("\n".join(lines)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"key": examination.key, "assignment": examination.assignment},
        "tests": [
            {
                **({} if item.points is None else {"score": round(item.points, 6)}),
                "max_score": item.max_points,
                "status": "passed" if item.passed and item.points is not None else "failed",
                "name": item.name,
                "name_format": "text",
                "number": str(number),
                "output": "\n".join(item.lines),
                "output_format": "text",
                "tags": [],
                "visibility": visibility,
            }
            for number, item in enumerate(listed, start=1)
        ],
    }


def export_gradescope(root: Path, week: str) -> list[Path]:
    """Write ``exports/gradescope-<week>/<student>.json`` for the class; returns their paths."""
    course, paths = load_course(root), Paths(root)
    assignment = course.assignment(week)
    levels = assignment.feedback
    now = dt.datetime.now(dt.UTC)
    written = []
    for student, examination, grade in examined(course, paths, week):
        result = gradescope_results(
            examination,
            levels.before,
            levels.after,
            due=now >= closes(course, week, student, extension=grade.extension),
            language=course.language,
            grade=grade,
            longer=own_due(course, week, student, extension=grade.extension) > assignment.due,
        )
        path = paths.exports / f"gradescope-{week}" / f"{student}.json"
        write_atomically(path, json_bytes(result))
        written.append(path)
    return written
