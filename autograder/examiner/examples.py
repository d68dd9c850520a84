"""The examples of a property test: noted once, on the solution, and the same for every submission."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis.errors import UnsatisfiedAssumption
from hypothesis.strategies import DataObject


class Examples:
    """The examples of one property test, taken down once and replayed for every submission.

    Args:
        function: what ``@given`` made.

    Attributes:
        known: whether they can be replayed.
    """

    def __init__(self, function: Any) -> None:
        self._handle = function.hypothesis
        self._inner = self._handle.inner_test
        self._noted: list[dict[str, Any]] = []
        self._drawn = False
        self.known = False

    def fixtures(self, item: pytest.Item) -> list[str]:
        """Names of the arguments that are fixtures and no examples."""
        return list(item._fixtureinfo.argnames) if isinstance(item, pytest.Function) else []

    @contextlib.contextmanager
    def noted(self, item: pytest.Item) -> Iterator[Callable[[], None]]:
        """While this is open, examples are taken down; they are kept if the callable is called."""
        self._noted = []
        fixtures = set(self.fixtures(item))

        def note(**arguments: Any) -> None:
            example = {name: value for name, value in arguments.items() if name not in fixtures}
            self._drawn = self._drawn or any(isinstance(value, DataObject) for value in example.values())
            if not self._drawn:
                self._noted.append(copy.deepcopy(example))
            self._inner(**arguments)

        self._handle.inner_test = note
        try:
            yield self._keep
        finally:
            self._handle.inner_test = self._inner

    def _keep(self) -> None:
        # What a test draws while it runs depends on the run: such a test stays with the engine.
        self.known = bool(self._noted) and not self._drawn

    def replay(self, fixtures: dict[str, Any]) -> None:
        """Run the test on every example."""
        for example in self._noted:
            with contextlib.suppress(UnsatisfiedAssumption):
                self._inner(**fixtures, **copy.deepcopy(example))
