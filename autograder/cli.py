"""The commands, and nothing else: each reads its options, calls one function, and prints the result."""

from __future__ import annotations

import gc
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.messages import Language
from autograder.problem import Problem

if TYPE_CHECKING:
    from autograder.course.folders import Paths
    from autograder.course.models import Assignment, Course

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Release, grade and report an auto-graded course.",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from autograder import __version__

        print(f"autograder {__version__}")
        raise typer.Exit


@app.callback()
def everywhere(
    version: Annotated[
        bool,
        typer.Option("--version", help="say which version this is", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Release, grade and report an auto-graded course."""


Week = Annotated[str, typer.Argument(help="the assignment, for example 03_convolution", show_default=False)]


@app.command()
def release(
    week: Week,
    language: Annotated[Language | None, typer.Option(help="language of the prose")] = None,
) -> None:
    """Make assignments/WEEK from solutions/WEEK.py."""
    from autograder.authoring.release import release as make
    from autograder.course.folders import Paths, find_root
    from autograder.course.reading import load_course

    root = find_root()
    course = load_course(root)
    report = make(course, course.assignment(week), Paths(root), language)
    print(report)


@app.command()
def grade(
    week: Week,
    workers: Annotated[int, typer.Option(min=0, help="examiner processes; 0: one a core")] = 0,
    student: Annotated[list[str] | None, typer.Option(help="only this student (repeatable)")] = None,
    force: Annotated[bool, typer.Option("--force", help="examine again what is examined already")] = False,
    unconfined: Annotated[
        list[str] | None,
        typer.Option(help="a layer of confinement that this machine lacks and you give up (repeatable)"),
    ] = None,
    scheduler: Annotated[
        str, typer.Option(help="grade on the Dask cluster at this address (tcp://host:8786)")
    ] = "",
    since: Annotated[
        str, typer.Option(help="only what was handed in since then (2027-03-15 23:59, the course's time)")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say whose score would change and why, and record nothing")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="all remarks on each submission")] = False,
) -> None:
    """Grade the submissions in submitted/<student>/WEEK/.

    Exit codes: 0 done; 1 the problem is said in one sentence; 3 graded, but a person has to look at a fault
    of the grader's own; 130 interrupted, and the next run goes on.
    """
    from autograder.course.folders import Paths, find_root
    from autograder.course.reading import load_course
    from autograder.gradebook.roster import class_list, extended_strangers
    from autograder.grading.grade import grade as run
    from autograder.options import Options
    from autograder.show import Display, print_scores
    from autograder.submissions.found import handed_in_since

    root = find_root()
    chosen = tuple(student or ())
    if since:
        chosen = handed_in_since(root, week, since, chosen)
        if not chosen:
            print(f"Nobody has handed in {week} since {since}.")
            return
    course, known = load_course(root), class_list(Paths(root))
    if not dry_run:
        _enter(course, course.assignment(week.partition("/")[0]), Paths(root))
    for name in extended_strangers(course, known):
        print(
            f"{name} has an extension in course.yml and is not in roster.csv: is that the folder's name?",
            file=sys.stderr,
        )
    options = Options(
        workers=workers,
        students=chosen,
        gradebook=not dry_run,
        force=force,
        switched_off=tuple(unconfined or ()),
        scheduler=scheduler,
        lean=not dry_run,
    )
    with Display() as display:
        tally = run(root, week, options, display.advance)
    if dry_run:
        from autograder.gradebook.dry_run import compare

        changes = [
            change
            for unit in course.assignment(week).units
            for change in compare(root, unit, [e for e in tally.examinations if e.assignment == unit])
        ]
        for change in changes:
            print(change)
        print(f"{len(changes)} of {len(tally.examinations)} scores would change; nothing was recorded.")
        return
    print_scores(tally, verbose=verbose)
    if tally.needs_a_person:
        raise typer.Exit(3)


def _enter(course: Course, assignment: Assignment, paths: Paths) -> None:
    """A released week belongs in the gradebook; a clone of a course has none."""
    from autograder.gradebook.known import is_entered

    if not is_entered(paths, assignment):
        from autograder.authoring.release import enter_when_needed

        if enter_when_needed(course, assignment, paths):
            print(f"{assignment.name} is entered in the gradebook", file=sys.stderr)


@app.command()
def verify(
    week: Annotated[list[str] | None, typer.Argument(help="only these weeks", show_default=False)] = None,
    fast: Annotated[bool, typer.Option("--fast", help="leave out the tests that train a model")] = False,
    explore: Annotated[
        bool,
        typer.Option("--explore", help="look for wrong variants of the solution that no hidden test refuses"),
    ] = False,
) -> None:
    """Check that the course itself is sound: solutions pass, mutants fail, nothing hidden gets out.

    With --explore: make wrong variants of the solution's functions, and show those that pass. Answer each
    with a hidden test, or in tests/hidden/WEEK/equivalents.yml.
    """
    from autograder.authoring.explore import explore as look
    from autograder.authoring.verify import verify as run
    from autograder.course.folders import find_root
    from autograder.show import Counter, print_exploration, print_verification

    if explore:
        with Counter() as counter:
            clean = print_exploration(look(find_root(), week or (), fast=fast, progress=counter.advance))
        if not clean:
            raise typer.Exit(1)
    elif not print_verification(run(find_root(), week or (), fast=fast)):
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Say which layers of confinement this machine offers."""
    from autograder.doctor import examine_machine

    report = examine_machine()
    print(report.render())
    if not report.sufficient:
        raise typer.Exit(1)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="made anew")] = Path("demo"),
    hostile: Annotated[bool, typer.Option("--hostile", help="grade the attacks instead")] = False,
    workers: Annotated[int, typer.Option(min=0, help="examiner processes; 0: one a core")] = 0,
) -> None:
    """Release week 3, grade a sample class and write its feedback, in a folder of its own."""
    from autograder.authoring.demo import demo as run
    from autograder.course.folders import find_root
    from autograder.show import Display, print_scores

    with Display() as display:
        result = run(find_root(), folder, hostile=hostile, workers=workers, progress=display.advance)
    print_scores(result.tally)
    print(f"feedback:  {len(result.pages)} pages in {folder}/feedback/<student>/03_convolution/")
    print(f"gradebook: {folder}/gradebook.db, for `nbgrader export`, `generate_feedback` and `formgrader`")


@app.command()
def watch(
    weeks: Annotated[
        list[str] | None,
        typer.Argument(help="the weeks, whatever the date; those that are open if none", show_default=False),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="end when everything that is there is done")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="say what the watcher of this course is at, and end")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
    workers: Annotated[int, typer.Option(min=0, help="examiner processes; 0: one a core")] = 0,
    unconfined: Annotated[
        list[str] | None,
        typer.Option(help="a layer of confinement that this machine lacks and you give up (repeatable)"),
    ] = None,
) -> None:
    """Examine each submission as it arrives in nbgrader's exchange or in submitted/, and give feedback back.

    Ends at SIGTERM or Ctrl-C, after what is being done. report/watch.html shows how it goes.

    Exit codes: 0 done; 1 the problem is said; 3 a person has to look at something (--once and --status); 4
    somebody watches this course already.
    """
    from autograder.course.folders import find_root
    from autograder.course.locks import Taken
    from autograder.options import Options
    from autograder.show import print_event, print_status
    from autograder.watching.watch import watch as run

    root = find_root()
    if status:
        if print_status(root, as_json=as_json):
            raise typer.Exit(3)
        return
    options = Options(workers=workers, switched_off=tuple(unconfined or ()))
    try:
        concerns = run(root, weeks or (), options, print_event(root, as_json=as_json), once=once)
    except Taken as taken:
        print(f"autograder: {taken}", file=sys.stderr)
        raise typer.Exit(4) from None
    if once and concerns:
        raise typer.Exit(3)


Weeks = Annotated[list[str] | None, typer.Argument(help="the weeks; all if none", show_default=False)]
Speech = Annotated[Language | None, typer.Option(help="en or ko; the course's own if not given")]
RosterFile = Annotated[
    Path | None, typer.Option(help="CSV that maps students to the platform's names", show_default=False)
]


@app.command()
def feedback(
    week: Week,
    student: Annotated[list[str] | None, typer.Option(help="only this student (repeatable)")] = None,
    language: Speech = None,
) -> None:
    """Write each student's page, feedback/<student>/WEEK/feedback.html."""
    from autograder.course.folders import find_root
    from autograder.course.reading import load_course
    from autograder.pages.feedback import write_feedback

    root = find_root()
    for unit in load_course(root).assignment(week).units:
        pages = write_feedback(root, unit, language, tuple(student or ()))
        print(f"{len(pages)} pages in feedback/<student>/{unit}/feedback.html")


@app.command()
def report(
    week: Annotated[str | None, typer.Argument(help="only this week", show_default=False)] = None,
    section: Annotated[str, typer.Option(help="of this section only, as roster.csv calls it")] = "",
) -> None:
    """Write the class report, report/index.html and a page a week."""
    from autograder.course.folders import find_root
    from autograder.pages.report import write_report

    print(write_report(find_root(), week, section))


@app.command()
def name(
    week: Week,
    group: Annotated[str, typer.Argument(help="as the report calls it", show_default=False)],
) -> None:
    """Write an entry in tests/hidden/WEEK/mutants.yml for wrong answers that several students gave.

    With its words filled in, `autograder feedback WEEK` tells all who gave them. Nobody is examined again.
    """
    from autograder.authoring.naming import name_group
    from autograder.course.folders import find_root

    root = find_root()
    path, line = name_group(root, week, group)
    print(f"{path.relative_to(root)}, line {line}: fill in misconception and hint,")
    print(f"then run `autograder feedback {week}`.")


@app.command()
def comment(
    week: Week,
    group: Annotated[
        str, typer.Argument(help="of equal written answers, as the report calls it", show_default=False)
    ],
    text: Annotated[str, typer.Argument(help="what all of them are told", show_default=False)] = "",
    points: Annotated[float | None, typer.Option(help="for the answer", show_default=False)] = None,
    undo: Annotated[bool, typer.Option("--undo", help="take back what was given to the group")] = False,
) -> None:
    """Give a group of equal written answers one comment, in nbgrader's gradebook. What people gave stays."""
    from autograder.authoring.commenting import comment_group
    from autograder.course.folders import Paths, find_root
    from autograder.course.reading import load_course
    from autograder.gradebook.comments import take_back

    root = find_root()
    if undo:
        changed = take_back(load_course(root), Paths(root), week, group)
        print(f"taken back: {len(changed.done)}")
    else:
        changed = comment_group(root, week, group, text, points)
        print(f"given: {len(changed.done)}; `autograder feedback {week}` tells them")
    for student in changed.left:
        print(f"{student}: left as a person has it", file=sys.stderr)


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="your notebook")],
    language: Annotated[
        Language | None, typer.Option(help="en or ko; the notebook's own if not given")
    ] = None,
) -> None:
    """For students: run the public tests on a notebook and write a page with what differs."""
    from autograder.check import check as run

    raise typer.Exit(run(notebook, language=language))


@app.command()
def collect(
    week: Week,
    source: Annotated[
        Path, typer.Argument(help="a folder, a zip or tar, or a CSV with columns student,file,time")
    ],
    names_in: Annotated[
        str | None, typer.Option("--names-in", help="encoding of names in a zip, or of a CSV: cp949, gbk …")
    ] = None,
    times: Annotated[
        Path | None,
        typer.Option(help="a table that tells when: Moodle's grading worksheet", show_default=False),
    ] = None,
) -> None:
    """Put submissions from Canvas, Moodle, Gradescope, GitHub or nbgrader's exchange into submitted/.

    Exit codes: 0 done; 1 nothing was found; 3 a person has to look at what was left out.
    """
    from autograder.course.folders import Paths, find_root
    from autograder.course.reading import load_course
    from autograder.gradebook.roster import class_list
    from autograder.platforms.collect import collect as run

    root = find_root()
    course = load_course(root)
    notebooks = course.assignment(week).notebooks
    known = class_list(Paths(root))
    report = run(
        root,
        week,
        source,
        notebooks=notebooks,
        class_list=known,
        names_in=names_in,
        zone=course.zone,
        times=times,
    )
    print(report)
    raise typer.Exit(report.exit_code)


lists = typer.Typer(no_args_is_help=True, help="Who is in the class: roster.csv.", rich_markup_mode=None)
app.add_typer(lists, name="roster")


@lists.callback()
def about_the_class() -> None:
    """Keep the class list, roster.csv, by which collect, report and export know everybody."""


@lists.command("add")
def roster_add(
    files: Annotated[
        list[Path], typer.Argument(help="lists of Canvas, Moodle, Gradescope or GitHub, or your own CSV")
    ],
) -> None:
    """Merge what platforms list of students into roster.csv; where they contradict, nothing is written."""
    from autograder.course.folders import Paths, find_root
    from autograder.gradebook.roster import add_to_class_list

    print(add_to_class_list(Paths(find_root()), files))


class Platform(StrEnum):
    """Where grades go."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    CSV = "csv"
    GRADESCOPE = "gradescope"
    GITHUB = "github"


@app.command()
def export(
    platform: Annotated[Platform, typer.Argument(help="the format")],
    weeks: Weeks = None,
    roster: RosterFile = None,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="count what a person has still to grade as 0")
    ] = False,
) -> None:
    """Write grades for a platform into exports/.

    Exit codes: 0 done; 1 the problem is said; 3 somebody with a grade has no row, and it is said why.
    """
    from autograder.course.folders import Paths, find_root
    from autograder.course.reading import load_course
    from autograder.platforms import exports, github, gradescope

    root = find_root()
    course = load_course(root)
    chosen = [course.assignment(week).name for week in weeks or ()]
    if platform in (Platform.GRADESCOPE, Platform.GITHUB):
        write = gradescope.export_gradescope if platform is Platform.GRADESCOPE else github.export_github
        paths = Paths(root)
        wanted = [unit for week in chosen or course.names for unit in course.assignment(week).units]
        for week in wanted if chosen else [unit for unit in wanted if (paths.records / unit).is_dir()]:
            print(f"{week}: {len(write(root, week))} files in exports/{platform}-{week}/")
        return
    whole = {
        Platform.CANVAS: exports.export_canvas,
        Platform.MOODLE: exports.export_moodle,
        Platform.CSV: exports.export_csv,
    }[platform]
    print(whole(root, chosen, roster, provisional=provisional))
    left_out = exports.left_out(root, platform, chosen, roster)
    for student in left_out:
        if platform is Platform.CSV:
            print(f"{student} is not in the roster: the row has the folder's name only", file=sys.stderr)
        else:
            print(
                f"{student} has no row: the roster does not say whom {platform} means; add its list with "
                "`autograder roster add FILE`, or the ids to roster.csv",
                file=sys.stderr,
            )
    if left_out and platform is not Platform.CSV:
        raise typer.Exit(3)


class Host(StrEnum):
    """What runs the autograder elsewhere."""

    GRADESCOPE = "gradescope"
    GITHUB = "github"


@app.command()
def package(
    host: Annotated[Host, typer.Argument(help="gradescope or github")],
    week: Week,
    unconfined: Annotated[
        list[str] | None,
        typer.Option(
            help="a layer of confinement that Gradescope's machine lacks and you give up (repeatable)"
        ),
    ] = None,
) -> None:
    """Make an archive for Gradescope, or a GitHub Classroom workflow, that grades with the same engine."""
    from autograder.course.folders import find_root
    from autograder.platforms.github import package_github
    from autograder.platforms.gradescope import package_gradescope

    root = find_root()
    if host is Host.GRADESCOPE:
        print(package_gradescope(root, week, tuple(unconfined or ())))
    else:
        print(package_github(root, week))


@app.command()
def similarity(week: Week) -> None:
    """Find submissions that are worth a look side by side; a reason to look, never a proof."""
    from autograder.course.folders import find_root
    from autograder.course.reading import load_course
    from autograder.similarity.page import similarity as run

    root = find_root()
    for unit in load_course(root).assignment(week).units:
        pairs = run(root, unit)
        for pair in pairs:
            print(f"{pair.score:5.0%}  {pair.a}  {pair.b}")
        pages = f"{len(pairs)} pairs; pages in report/similarity/{unit}/"
        print(pages if pairs else f"No pair of {unit} is worth a look.")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="made anew", show_default=False)],
    language: Annotated[
        Language | None, typer.Option(help="the course's only one; English and Korean if not given")
    ] = None,
) -> None:
    """Make a new course of one small week, which passes `autograder verify` at once."""
    from autograder.authoring.new_course import new_course

    for path in new_course(folder, language):
        print(path)


@app.command("import")
def import_course(
    course: Annotated[Path, typer.Argument(help="the nbgrader course", show_default=False)],
    folder: Annotated[Path, typer.Argument(help="of the new course, made anew", show_default=False)],
    language: Annotated[Language, typer.Option(help="of the notebooks")] = Language.EN,
    suite: Annotated[
        bool, typer.Option("--suite", help="move hidden tests out of cells where that is mechanical")
    ] = False,
) -> None:
    """Make a course of an nbgrader course, which is not changed, and release all of it.

    Exit codes: 0 done; 1 the problem is said; 3 something was left out, and it is said why.
    """
    from autograder.authoring.moving_in import move_in

    moved = move_in(course, folder, language, suite=suite)
    print(moved)
    if moved.left_out:
        raise typer.Exit(3)


@app.command("new-week")
def new_week(
    name: Annotated[str, typer.Argument(help="for example 06_transfer")],
    title: Annotated[str, typer.Argument(help="in English")],
    korean: Annotated[str, typer.Option(help="the title in Korean; the English one if not given")] = "",
) -> None:
    """Make the files of a new week, which pass `autograder verify` at once."""
    from autograder.authoring.new_week import new_week as make
    from autograder.course.folders import find_root
    from autograder.examination import Text

    for path in make(find_root(), name, Text(en=title, ko=korean or title)):
        print(path)


def main() -> None:
    """Entry point: every expected problem is one line on stderr and an exit code that means something.

    0 done; 1 the problem is said; 2 wrong usage; 3 graded, but a person has to look at a grader error;
    130 interrupted.
    """
    gc.set_threshold(50_000, 20, 20)  # at 700 it would look for cycles all through the imports
    try:
        app(standalone_mode=True)
    except Problem as problem:
        print(f"autograder: {problem}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as error:
        from autograder.extras import how_to_install

        remedy = how_to_install(error.name or "")
        if not remedy:  # a fault of the kit's own
            raise
        print(f"autograder: {remedy}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:  # a full disk, a folder that is read-only
        place = f" ({error.filename})" if error.filename else ""
        print(f"autograder: {error.strerror or error}{place}; what was finished is kept", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("autograder: interrupted; what was finished is kept, and the next run goes on", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
