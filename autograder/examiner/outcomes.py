"""What the suite's tests are, and what becomes of one."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.examination import TestOutcome, Text
from autograder.examiner.remote.log import LoggedCall


class SuiteError(Exception):
    """The hidden suite cannot be used; the text says where and why."""


@dataclass(frozen=True)
class TestInfo:
    """What a suite says of one test."""

    __test__ = False

    name: str
    module: str
    title: Text
    cell: str
    weight: float
    public: bool
    training: bool

    @property
    def key(self) -> str:
        """The test's name in its suite."""
        return f"{self.module}::{self.name}"


@dataclass
class TestRun:
    """The outcome of one test together with what it called."""

    __test__ = False

    outcome: TestOutcome
    calls: list[LoggedCall] = field(default_factory=list)
    missing: str = ""
    """The name that the notebook does not define, if that is what went wrong."""
    doubtful: bool = False
    """Whether it failed on a fork that other tests had used."""
    unclear: bool = False
    """Whether an odd exception in the test may be the suite's own fault."""
    entangled: bool = False
    """Whether it fails in another way beside right helpers, so that whose mistake it is cannot be told."""
    training: bool = False
