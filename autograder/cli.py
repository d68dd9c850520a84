"""The commands, and nothing else: each reads its options, calls one function, and prints the result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.examination import Language

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Release, grade and report an auto-graded course.",
)

Week = Annotated[str, typer.Argument(help="the assignment, for example 03_convolution", show_default=False)]


@app.command()
def release(
    week: Week,
    language: Annotated[Language | None, typer.Option(help="language of the prose")] = None,
) -> None:
    """Make assignments/WEEK from solutions/WEEK.py."""
    from autograder.course import Paths, find_root, load_course
    from autograder.release import release as make

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
) -> None:
    """Grade the submissions in submitted/<student>/WEEK/."""
    from autograder.course import find_root
    from autograder.grade import Options
    from autograder.grade import grade as run
    from autograder.show import Display, print_scores

    options = Options(
        workers=workers,
        students=tuple(student or ()),
        force=force,
        switched_off=tuple(unconfined or ()),
    )
    with Display() as display:
        tally = run(find_root(), week, options, display.advance)
    print_scores(tally)
    if any(
        e.status == "grader-error" or (e.undecided and not all(s.manual for s in e.undecided))
        for e in tally.examinations
    ):
        raise typer.Exit(3)


@app.command()
def verify(
    week: Annotated[list[str] | None, typer.Argument(help="only these weeks", show_default=False)] = None,
    fast: Annotated[bool, typer.Option("--fast", help="leave out the tests that train a model")] = False,
) -> None:
    """Check that the course itself is sound: solutions pass, mutants fail, nothing hidden gets out."""
    from autograder.course import find_root
    from autograder.show import print_verification
    from autograder.verify import verify as run

    if not print_verification(run(find_root(), week or (), fast=fast)):
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
    from autograder.course import find_root
    from autograder.demo import demo as run
    from autograder.show import Display, print_scores

    with Display() as display:
        result = run(find_root(), folder, hostile=hostile, workers=workers, progress=display.advance)
    print_scores(result.tally)
    print(f"feedback:  {len(result.pages)} pages in {folder}/feedback/<student>/03_convolution/")
    print(
        f"gradebook: {folder}/gradebook.db, for `nbgrader` in {folder}/ (export, generate_feedback, formgrader)"
    )


def main() -> None:
    """Entry point: every expected problem is one line on stderr and an exit code that means something.

    0 done; 1 the problem is said; 2 wrong usage; 3 graded, but a person has to look at a grader error;
    130 interrupted.
    """
    from autograder.course import CourseError
    from autograder.grade import GradeError

    problems: tuple[type[Exception], ...] = (CourseError, GradeError)
    if len(sys.argv) > 1 and sys.argv[1] in ("release", "grade", "demo", "verify"):
        from autograder.gradebook import GradebookError
        from autograder.release import ReleaseError

        problems += (GradebookError, ReleaseError)
    try:
        app(standalone_mode=True)
    except problems as error:
        print(f"autograder: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("autograder: interrupted; what was finished is kept, and the next run goes on", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
