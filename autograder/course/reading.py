"""Reading ``course.yml``: every problem in it is one sentence with file, line, key and a way out.

``course.schema.json`` says the same to editors.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ValidationError,
)
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from autograder.course.folders import COURSE_FILE, CourseError
from autograder.course.models import Course
from autograder.course.quantities import EVERY_WEEK, did_you_mean


def load_course(root: Path) -> Course:
    """Read ``root``'s ``course.yml``; raises :class:`CourseError` with one sentence if anything is wrong."""
    path = root / COURSE_FILE
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"There is no {COURSE_FILE} in {root}: go to the course's folder first.") from None
    except OSError as error:
        raise CourseError(
            f"{COURSE_FILE} cannot be read: {error.strerror}; look at its permissions."
        ) from None
    return _read(raw)


@lru_cache(maxsize=8)
def _read(raw: bytes) -> Course:
    """The course in the file; nbgrader's configuration asks for it, and is asked for every submission."""
    document = _parse(raw)
    if not isinstance(document, CommentedMap):
        raise CourseError(
            f"{COURSE_FILE}, line 1: the file has to start with keys such as title and assignments."
        )
    try:
        return Course.model_validate(_plain(document))
    except ValidationError as error:
        raise CourseError(_sentence(document, error)) from None


def course_schema() -> dict[str, Any]:
    """JSON schema of ``course.yml``, for editors."""
    schema = Course.model_json_schema(mode="validation")
    # A title in one language is short for the same in both.
    title = schema["$defs"]["Assignment"]["properties"]["title"]
    schema["$defs"]["Assignment"]["properties"]["title"] = {"anyOf": [title, {"type": "string"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


class _Constructor(RoundTripConstructor):
    """Dates stay text: YAML's own conversion fails without a line number for 30 February."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def _parse(raw: bytes) -> Any:
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        return yaml.load(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise CourseError(f"{COURSE_FILE} is not UTF-8 text: save it as UTF-8.") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        problem = " ".join((error.problem or error.context or "").split())
        raise CourseError(
            f"{COURSE_FILE}{line}: this is not YAML ({problem}); look at the indentation, colons and "
            "quotes around this line."
        ) from None
    except (YAMLError, RecursionError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise CourseError(f"{COURSE_FILE}: this is not YAML ({problem}).") from None


def _plain(node: Any) -> Any:
    """The node without line numbers, as pydantic wants it."""
    if isinstance(node, CommentedMap):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return node


def _sentence(document: CommentedMap, error: ValidationError) -> str:
    """The first problem in the file, in one sentence."""
    # A misspelt key is also a missing one: the former is what to say.
    problems = []
    for details in error.errors(include_url=False):
        location = tuple(details["loc"])
        if details["type"] == "at":
            location += tuple(details.get("ctx", {})["at"])
        problems.append((_line(document, location), location, details))
    line, location, details = min(problems, key=lambda problem: (problem[2]["type"] == "missing", problem[0]))
    return f"{COURSE_FILE}, line {line}: {_key(document, location)} {_problem(location, details)}."


def _line(document: CommentedBase, location: Sequence[int | str]) -> int:
    """Line of the key or item at ``location``, from 1; that of the nearest thing above if it is not there."""
    line, node = 0, document
    for step in location:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0]
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0]
        else:
            break
        node = node[step]
    return int(line) + 1


def _key(document: Any, location: Sequence[int | str]) -> str:
    """The dotted key, assignments by their names where they have one."""
    words, node = [], document
    for step in location:
        if step in (EVERY_WEEK, "[key]"):
            continue
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            node = None
        name = node.get("name") if isinstance(step, int) and isinstance(node, CommentedMap) else None
        words.append(name if isinstance(name, str) else str(step))
    return ".".join(words)


def _problem(location: Sequence[int | str], details: ErrorDetails) -> str:
    """What is wrong, as the second half of a sentence that starts with the key."""
    kind = details["type"]
    context: dict[str, Any] = details.get("ctx", {})
    given = _shown(details["input"])
    wanted: dict[str, Callable[[], str]] = {
        "missing": lambda: "is missing",
        "int_type": lambda: f"has to be a whole number, not {given}",
        "float_type": lambda: f"has to be a number, not {given}",
        "path_type": lambda: f"has to be the path of a file, not {given}",
        "invalid_key": lambda: "is not a setting here: keys are words",
        "bool_type": lambda: f"has to be true or false, not {given}",
        "string_type": lambda: f"has to be text, not {given}",
        "tuple_type": lambda: "has to be a list, each item with a dash",
        "greater_than": lambda: f"has to be more than {context['gt']:g}, not {given}",
        "greater_than_equal": lambda: f"has to be at least {context['ge']:g}, not {given}",
        "less_than_equal": lambda: f"has to be at most {context['le']:g}, not {given}",
        "string_pattern_mismatch": lambda: (
            f"has to be made of letters, digits, - and _, like 03_convolution, not {given}"
        ),
        "at": lambda: f"{details['msg']}",
        "time": lambda: f"{details['msg']}, not {given}",
        "size": lambda: f"{details['msg']}, not {given}",
        "value": lambda: f"{details['msg']}, not {given}",
        "timezone": lambda: f"{details['msg']}",
    }
    if kind == "extra_forbidden":
        fields = _fields(location[:-1])
        return (
            f"is not a setting here{did_you_mean(str(location[-1]), fields)}; known are {', '.join(fields)}"
        )
    if kind in ("literal_error", "enum"):
        return f"has to be {context['expected']}, not {given}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"needs keys of its own ({', '.join(_fields(location))}), not {given}"
    if kind in wanted:
        return wanted[kind]()
    message = details["msg"]
    return f"is wrong: {message[0].lower()}{message[1:]}"


def _shown(value: Any) -> str:
    """The value as a person reads it, at most 60 characters."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "keys"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _fields(location: Sequence[int | str]) -> list[str]:
    """Names of the settings of the model at ``location``."""
    model: type[BaseModel] = Course
    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            for inner in _models(model.model_fields[step].annotation):
                model = inner
    return list(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models(part)
