"""What a worker process is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker needs to know; travels as JSON on its command line.

    Attributes:
        root: the course's folder.
        assignment: the week.
        data: the student's ``mnist.npz``.
        threads: computing threads of a candidate.
        switched_off: layers of confinement that the TA gave up.
        training: run the tests that train, too.
        public_only: run the public tests only (``check``).
    """

    root: str
    assignment: str
    data: str
    threads: int = 1
    switched_off: tuple[str, ...] = ()
    training: bool = True
    public_only: bool = False
