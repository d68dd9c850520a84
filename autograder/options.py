"""How to grade: what the commands pass on to the engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How to grade.

    Attributes:
        workers: examiner processes; 0 means one a core.
        students: only these.
        force: examine again what has been examined.
        training: run the tests that train a model.
        switched_off: layers of confinement given up by the TA's explicit wish.
        gradebook: write nbgrader's gradebook and autograded notebooks.
        public_only: run the public tests only.
        scheduler: address of a Dask cluster that examines instead of this machine.
        lean: keep no outputs, pictures and passed tests in memory; the records have them.
    """

    workers: int = 0
    students: tuple[str, ...] = ()
    force: bool = False
    training: bool = True
    switched_off: tuple[str, ...] = ()
    gradebook: bool = True
    public_only: bool = False
    scheduler: str = ""
    lean: bool = False
