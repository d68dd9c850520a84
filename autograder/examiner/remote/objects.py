"""Objects that stay in the candidate and that tests use as if they were here."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from autograder.examination import Verdict
from autograder.examiner.remote.errors import CandidateLost, MissingName
from autograder.messages import Message, fact
from autograder.protocol import Op, request
from autograder.wire import (
    Handle,
)


def plain(value: Any) -> Any:
    """Arguments ready for the wire: remote objects as their handles."""
    if isinstance(value, RemoteObject):
        return value._address
    if isinstance(value, RemoteFunction):
        return value._fetch()._address
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class Origin:
    """Where an object comes from: the notebook's name at its root, and how it is written."""

    function: str = ""
    label: str = ""

    def of_result(self) -> Origin:
        """The origin of what a call returns."""
        return Origin(self.function, f"{self.label}(…)")

    def of_attribute(self, name: str) -> Origin:
        """The origin of an attribute."""
        return Origin(self.function, f"{self.label}.{name}")

    def of_item(self, key: Any) -> Origin:
        """The origin of an item."""
        return Origin(self.function, f"{self.label}[{key!r}]"[:200])


class Asking(Protocol):
    """What objects ask: the conversation with the candidate that they belong to.

    Attributes:
        ended: why nothing can be asked any more, if so.
        names: the notebook's names, each with whether it can be called.
    """

    ended: CandidateLost | None
    names: dict[str, bool]

    def value(self, message: dict[str, Any], origin: Origin) -> Any:
        """The value that a request asks for."""

    def call(self, origin: Origin, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a call returns."""

    def call_watched(
        self, origin: Origin, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, Message | None]:
        """The same, and what the call changed besides."""

    def answers_kept(self, origin: Origin, target: Any, calls: Sequence[tuple[Any, ...]], **how: Any) -> Any:
        """What several calls returned, looked at after the last."""


class RemoteObject:
    """An object that stays in the candidate; attributes, calls, items, len and iteration go there."""

    def __init__(self, session: Asking, handle: Handle, origin: Origin) -> None:
        self._session = session
        self._handle = handle
        # What is asked must not depend on how a stranger's object describes itself.
        self._address = Handle(handle.number)
        self._origin = origin

    @property
    def remote_type(self) -> str:
        """The class's name, as the candidate tells it."""
        return self._handle.type_name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        message = request(Op.GET, target=self._address, attribute=name)
        return self._session.value(message, self._origin.of_attribute(name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.call(self._origin, self._address, args, kwargs)

    def call_watched(self, *args: Any, **kwargs: Any) -> tuple[Any, Message | None]:
        """See :meth:`Asking.call_watched`."""
        return self._session.call_watched(self._origin, self._address, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        message = request(Op.ITEM, target=self._address, key=plain(key))
        return self._session.value(message, self._origin.of_item(key))

    def __len__(self) -> int:
        length = self._session.value(request(Op.LENGTH, target=self._address), self._origin)
        if type(length) is not int or not 0 <= length < 1 << 31:
            raise CandidateLost(Verdict.PROTOCOL, fact("invalid-answer"))
        return length

    def __iter__(self) -> Iterator[Any]:
        items = self._session.value(request(Op.ITEMS, target=self._address), self._origin)
        if not isinstance(items, list):
            raise CandidateLost(Verdict.PROTOCOL, fact("invalid-answer"))
        return iter(items)

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        text = self._session.value(request(Op.TEXT, target=self._address), self._origin)
        return text if isinstance(text, str) else ""

    def __repr__(self) -> str:
        return self._handle.text or f"<{self._handle.type_name}>"


def several(thing: Any, *questions: str | tuple[Any, ...]) -> list[Any]:
    """What several attributes and methods of one thing give, asked in one go: each question alone costs more
    than most answers.

    Args:
        thing: of the submission; what is no object that stays there is asked here.
        questions: an attribute's name, ``"origin"`` or ``"bbox.bounds"``, or a method's with its arguments,
            ``("get_title", "left")``.
    """
    asked = [(each, None) if isinstance(each, str) else (each[0], list(each[1:])) for each in questions]
    if not isinstance(thing, RemoteObject):
        found = ((operator.attrgetter(path)(thing), arguments) for path, arguments in asked)
        return [value if arguments is None else value(*arguments) for value, arguments in found]
    message = request(Op.SEVERAL, target=thing._address, questions=plain([list(each) for each in asked]))
    values = thing._session.value(message, thing._origin)
    if not isinstance(values, list) or len(values) != len(questions):
        raise CandidateLost(Verdict.PROTOCOL, fact("invalid-answer"))
    return values


class RemoteFunction:
    """A function of the notebook, by name."""

    def __init__(self, session: Asking, name: str) -> None:
        self._session = session
        self._origin = Origin(name, name)
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.call(self._origin, self.__name__, args, kwargs)

    def call_watched(self, *args: Any, **kwargs: Any) -> tuple[Any, Message | None]:
        """See :meth:`Asking.call_watched`."""
        return self._session.call_watched(self._origin, self.__name__, args, kwargs)

    def answers_kept(self, calls: Sequence[tuple[Any, ...]], **how: Any) -> Any:
        """See :meth:`Asking.answers_kept`."""
        return self._session.answers_kept(self._origin, self.__name__, calls, **how)

    def _fetch(self) -> RemoteObject:
        value = self._session.value(request(Op.HANDLE, target=self.__name__), self._origin)
        if not isinstance(value, RemoteObject):
            raise CandidateLost(Verdict.PROTOCOL, fact("invalid-answer"))
        return value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._fetch(), name)

    def __repr__(self) -> str:
        return f"<function {self.__name__} of the submission>"


class Submission:
    """The fixture ``submission``: the notebook's names as attributes."""

    def __init__(self, session: Asking) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        # Hypothesis asks every fixture whether it is a mock.
        if name.startswith(("__", "hypothesis_internal")):
            raise AttributeError(name)
        if self._session.ended is not None:
            raise self._session.ended
        kind = self._session.names.get(name)
        if kind is None:
            raise MissingName(name)
        if kind:
            return RemoteFunction(self._session, name)
        return self._session.value(request(Op.VALUE, target=name), Origin(name, name))

    def import_module(self, name: str) -> Any:
        """A module, imported in the candidate."""
        return self._session.value(request(Op.IMPORT, name=name), Origin())
