"""The commands, and nothing else: each reads its options, calls one function, and prints the result."""

from __future__ import annotations

import sys
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


def main() -> None:
    """Entry point: every expected problem is one line on stderr and an exit code that means something.

    0 done; 1 the problem is said; 2 wrong usage; 3 graded, but a person has to look at a grader error;
    130 interrupted.
    """
    from autograder.course import CourseError
    from autograder.grade import GradeError

    try:
        app(standalone_mode=True)
    except (CourseError, GradeError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("autograder: interrupted; what was finished is kept, and the next run goes on", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
