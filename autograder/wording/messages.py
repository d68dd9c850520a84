"""The grader's own messages in another language.

They are facts with one fixed wording each (``expected dtype float64, got int64``), so that they can be said
in Korean without being stored twice: see :func:`message`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from autograder.examination import Language, Notice
from autograder.linear import LETTER, Match, Pattern
from autograder.wording.words import EN

# Notices that a student may read; the others are for the TA.

_NOTICES: dict[str, str] = {
    "edited-cell": "원래 주어진 셀이 바뀌어 되돌렸습니다",
    "cell-type": "셀의 종류가 바뀌어 고쳤습니다",
    "cell-metadata": "셀의 nbgrader 메타데이터가 바뀌어 고쳤습니다",
    "found-cell": "grade id가 없어진 셀을 내용으로 알아보았습니다(괄호 안은 셀 번호)",
    "found-elsewhere": "과제 셀이 없지만, 요구한 코드를 다른 셀에서 찾았습니다(괄호 안은 셀 번호)",
    "lost-answer": "답안 셀이 없어 사람이 답안을 찾아봅니다(괄호 안은 살펴볼 셀 번호)",
    "missing-cell": "없어진 셀을 배포한 그대로 되살렸습니다",
    "duplicate-cell": "두 번 이상 나온 셀은 첫 번째 것만 셉니다(답안은 처음으로 작성된 것)",
    "unknown-cell": "과제에 없는 grade id를 가진 셀은 보통 셀로 다룹니다",
    "old-format": "예전 형식의 노트북을 변환했습니다.",
    "new-format": "노트북이 더 새로운 형식으로 저장되어 있습니다.",
    "foreign-notebook": "이 과제의 셀이 하나도 없습니다. 다른 주의 노트북일 수 있습니다.",
}


def notice(of: Notice, language: Language) -> str | None:
    """A notice for the student; None if it is none of the student's business."""
    if of.code not in _NOTICES:
        return None
    if language is EN:
        return of.text
    said = _NOTICES[of.code]
    if said.endswith("."):
        return said
    _, _, names = of.text.partition(": ")
    return f"{said}: {names}"


# Messages of the grader

_Korean = str | Callable[[Match, int], str]
"""A template, or a function of what was found and of how many more sentences may be around one another."""


def _inner(template: str) -> Callable[[Match, int], str]:
    """A sentence around another one, which is the pattern's last group."""

    def said(found: Match, depth: int) -> str:
        *outer, inner = found.groups()
        return template.format(*outer, _korean(inner, depth))

    return said


_CHANGED = {
    "the state of the global random generator": "전역 난수 생성기의 상태",
}


def _changed(found: Match, _: int) -> str:
    what = found[1]
    number, name = what.removeprefix("its argument number "), what.removeprefix("its argument ")
    if number != what and number.isdecimal():
        what = f"{number}번째 인자"
    elif name != what and name:
        what = f"인자 {name}"
    return f"호출이 바꾼 것: {_CHANGED.get(what, what)}"


def _type(kind: str) -> Callable[[Match, int], str]:
    def said(found: Match, _: int) -> str:
        got = found[1].replace("(is a `return` missing?)", "(`return`이 빠졌나요?)")
        return f"기대한 타입: {kind}, 돌아온 타입: {got}"

    return said


_KINDS = {
    "a function": "함수",
    "another function": "다른 함수",
    "a class": "클래스",
    "another class": "다른 클래스",
    "a module": "모듈",
    "another module": "다른 모듈",
    "a number": "수",
    "a text": "문자열",
    "a list": "리스트",
    "a tuple": "튜플",
    "a dictionary": "딕셔너리",
    "a set": "집합",
    "an array": "배열",
    "nothing": "None",
    "something else": "다른 것",
}
_USED_AGAIN = (
    rf"`({LETTER}+)` (?:was ([a-z ]+) after cell (\d+)|is Python's own), and cell (\d+) "
    r"(?:made ([a-z ]+) of it|deleted it): names count after the last cell"
)


def _used_again(found: Match, _: int = 0) -> str:
    name, was, since, cell, now = found.groups()[-5:]
    before = f"셀 {since} 뒤에는 {_KINDS.get(was, was)}" if was else "원래 파이썬에 있는 이름"
    after = f"셀 {cell} 뒤에는 {_KINDS.get(now, now)}" if now else f"셀 {cell}에서 지워짐"
    return f"`{name}`: {before}, {after}. 이름은 마지막 셀까지 실행한 뒤의 것으로 채점합니다"


def names_used_again(line: str) -> bool:
    """Whether a line of a message says that a cell used a name again for something else."""
    return Pattern(_USED_AGAIN).fullmatch(line) is not None


def _ended_with(found: Match, depth: int) -> str:
    what, cell, how = found.groups()
    return f"{_korean(what, depth)}. 그 셀(셀 {cell})이 다음과 같이 끝났습니다: {_korean(how, depth)}"


# Facts follow a colon: which particle a number or a name takes depends on how it is read.
_PATTERNS: tuple[tuple[str, _Korean], ...] = (
    (_USED_AGAIN, _used_again),
    (rf"(.+); {_USED_AGAIN}", lambda m, depth: f"{_korean(m[1], depth)}. {_used_again(m)}"),
    (r"the training did not finish: (.+)", _inner("학습이 끝나지 않았습니다: {0}")),
    (
        r"`exit\(\)` ended this cell: what it had defined by then counts",
        "`exit()`가 이 셀을 끝냈습니다. 그때까지 정의한 것은 그대로 셉니다",
    ),
    (
        r"RuntimeError: remove the debugger: nobody can type into it while a notebook is graded",
        "디버거를 지우세요. 채점할 때는 아무도 입력할 수 없습니다",
    ),
    (
        r"EOFError: nobody can answer input\(\) while a notebook is graded: write the value into the code",
        "채점할 때는 아무도 input()에 답할 수 없습니다. 값을 코드에 쓰세요",
    ),
    (
        r"(ModuleNotFoundError: .+) \(there is no such module where notebooks are graded\)",
        r"\1 (채점하는 곳에는 이 모듈이 없습니다)",
    ),
    (r"not implemented yet", "아직 작성하지 않았습니다"),
    (r"`(.+)` is not defined in the notebook", r"노트북에 `\1`의 정의가 없습니다"),
    (r"expected an array of shape (.+), got shape (.+)", r"기대한 shape: \1, 돌아온 shape: \2"),
    (r"expected a NumPy array, got (.+)", _type("NumPy 배열")),
    (r"expected dtype (\S+), got (\S+)", r"기대한 dtype: \1, 돌아온 dtype: \2"),
    (r"expected an int, got (.+)", _type("int")),
    (r"expected a number, got (.+)", _type("수")),
    (r"expected a tuple or list, got (.+)", _type("tuple이나 list")),
    (r"expected a str, got (.+)", _type("str")),
    (r"expected (\d+) values, got (\d+)", r"기대한 값의 개수: \1, 돌아온 값의 개수: \2"),
    (r"expected (.+) at index (\[.*\]), got (.+)", r"인덱스 \2에서 기대한 값: \1, 돌아온 값: \3"),
    (r"expected an? (\w+) that names (.+)", r"인자 \2 이름이 들어 있는 \1 예외가 나야 합니다"),
    (
        r"the (\w+) should name the argument (.+?); its message was (.+)",
        r"\1 예외의 메시지에 인자 \2 이름이 있어야 합니다. 메시지: \3",
    ),
    (
        r"texts differ at character (\d+): expected (.+), got (.+)",
        r"글자 위치 \1부터 다릅니다. 기대한 값: \2, 돌아온 값: \3",
    ),
    (r"at position (\d+): (.+)", _inner("위치 {0}: {1}")),
    (r"the call changed (.+)", _changed),
    (r"expected (\S+), got (\S+)", r"기대한 값: \1, 돌아온 값: \2"),
    (r"the same call gave different answers at different times", "같은 호출에 매번 다른 답을 합니다"),
    (r"what came back cannot be used as the result: (.+)", r"돌아온 값을 결과로 쓸 수 없습니다: \1"),
    (r"what came back is too large to judge: (.+)", r"돌아온 값이 너무 커서 판정할 수 없습니다: \1"),
    (r"`(.+)` refuses most of what is right too", r"`\1`은(는) 올바른 입력도 대부분 거부합니다"),
    (r"the answer was no answer", "올바른 응답이 아닙니다"),
    (r"the time limit was reached", "시간 제한에 걸렸습니다"),
    (r"the time limit of the cell was reached", "셀의 시간 제한에 걸렸습니다"),
    (r"the memory limit was reached", "메모리 제한에 걸렸습니다"),
    (r"the output limit was reached", "출력 제한에 걸렸습니다"),
    (r"the reply limit was reached", "응답 크기 제한에 걸렸습니다"),
    (r"limit of processor time reached", "프로세서 시간 제한에 걸렸습니다"),
    (r"memory limit of (.+?) reached", r"메모리 제한(\1)에 걸렸습니다"),
    (r"disk limit of (.+?) reached", r"디스크 제한(\1)에 걸렸습니다"),
    (r"reply limit of (.+?) reached", r"응답 크기 제한(\1)에 걸렸습니다"),
    (r"the time limit of (\S+) s for all tests was used up", r"모든 검사의 시간 제한(\1초)을 다 썼습니다"),
    (
        r"not run: the time limit of (\S+) s for all cells was used up",
        r"모든 셀의 시간 제한(\1초)을 다 써서 실행하지 않았습니다",
    ),
    (
        r"time limit of (\S+) s for all cells reached in cell (\d+)",
        r"셀 \2에서 전체 시간 제한(\1초)에 걸렸습니다",
    ),
    (r"time limit of (\S+) s reached in cell (\d+)", r"셀 \2에서 시간 제한(\1초)에 걸렸습니다"),
    (r"output limit of (.+?) reached in cell (\d+)", r"셀 \2에서 출력 제한(\1)에 걸렸습니다"),
    (r"the process crashed \(segmentation fault\)", "프로세스가 비정상 종료했습니다 (segmentation fault)"),
    (r"the process was ended by signal (\d+)", r"프로세스가 시그널 \1로 종료되었습니다"),
    (
        r"The file is not UTF-8, .+",
        "파일의 인코딩이 UTF-8이 아닙니다. 텍스트 편집기에서 UTF-8로 다시 저장해 제출하세요.",
    ),
    (
        r"The notebook is too large \((\d+) MB, at most (\d+) MB\): .+",
        r"노트북이 너무 큽니다(\1 MB, 최대 \2 MB). 출력을 지우고 다시 제출하세요.",
    ),
    (r"([^\n]+) is larger than (\d+) MiB: .+", r"\2 MiB보다 큰 파일: \1. 출력을 지우고 다시 제출하세요."),
    (
        r"There is no (\S+) in the folder, but there are (\d+) other notebooks, ([^\n]+): leave .+",
        r"폴더에 없는 파일: \1. 다른 노트북 \2개: \3. 하나만 남기거나 이름을 맞추어 다시 제출하세요.",
    ),
    (r"the process ended itself", "프로세스가 스스로 종료했습니다"),
    (r"the process ended too often", "프로세스가 너무 자주 종료했습니다"),
    (r"the process ended", "프로세스가 종료했습니다"),
    (r"the process sent something that is no answer", "프로세스가 올바르지 않은 응답을 보냈습니다"),
    (
        r"the notebook could not be run to its end: (.+)",
        _inner("노트북을 끝까지 실행할 수 없었습니다: {0}"),
    ),
    (
        r"(.+): its cell \(number (\d+)\) ended with (.+)",
        _ended_with,
    ),
    (
        r"((?:the|limit of|memory limit|disk limit) .+) in cell (\d+)",
        lambda m, depth: f"셀 {m[2]}: {_korean(m[1], depth)}",
    ),
)
_DEEPEST = 3
"""Sentences of ours around one another; more of them are a stranger's text that looks like them."""


@functools.cache
def _compiled() -> tuple[tuple[Pattern, _Korean], ...]:
    return tuple((Pattern(pattern, dot_all=True), korean) for pattern, korean in _PATTERNS)


def message(text: str, language: Language) -> str | None:
    """One of the grader's messages in ``language``; None if it is only there in English."""
    return text if language is EN else _in_korean(text, _DEEPEST)


def _in_korean(text: str, depth: int) -> str | None:
    for pattern, korean in _compiled() if depth else ():
        if found := pattern.fullmatch(text):
            return found.fill(korean) if isinstance(korean, str) else korean(found, depth - 1)
    return None


def _korean(text: str, depth: int) -> str:
    """The same, or the text as it is."""
    return _in_korean(text, depth) or text


_WORD_FIRST = Pattern(r"[a-z]+[ ,]")


def sentence(text: str) -> str:
    """A message with a capital and a full stop, if it begins with a word."""
    if _WORD_FIRST.match(text):
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ")", "…", "다", "요")) or "\n" in text else f"{text}."
