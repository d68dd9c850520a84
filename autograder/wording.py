"""What people read, in English and Korean; pure functions from facts to sentences.

The grader's own messages are facts with one fixed wording each (``expected dtype float64, got int64``), so
that they can be said in another language without being stored twice: see :func:`message`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from autograder.examination import Language, Notice, Verdict
from autograder.linear import LETTER, Match, Pattern

_EN, _KO = Language.EN, Language.KO

VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.PASSED: ("passed", "통과"),
    Verdict.FAILED: ("wrong result", "결과가 다름"),
    Verdict.NOT_IMPLEMENTED: ("not implemented yet", "아직 작성하지 않음"),
    Verdict.MISSING: ("not defined", "정의되지 않음"),
    Verdict.WRONG_TYPE: ("wrong type", "타입이 다름"),
    Verdict.EXCEPTION: ("raised an error", "오류 발생"),
    Verdict.TIMEOUT: ("took too long", "시간 초과"),
    Verdict.CRASHED: ("ended the process", "프로세스가 종료됨"),
    Verdict.MEMORY: ("used too much memory", "메모리 초과"),
    Verdict.OUTPUT: ("gave too much output", "출력이 너무 많음"),
    Verdict.PROTOCOL: ("gave no valid answer", "올바른 응답이 아님"),
    Verdict.SKIPPED: ("not run", "실행하지 않음"),
    Verdict.GRADER_ERROR: ("a fault of the grader", "채점기의 오류"),
}

MARKS: dict[Verdict, str] = {
    Verdict.PASSED: "✓",
    Verdict.NOT_IMPLEMENTED: "○",
    Verdict.MISSING: "○",
    Verdict.TIMEOUT: "!",
    Verdict.MEMORY: "!",
    Verdict.OUTPUT: "!",
    Verdict.CRASHED: "!",
    Verdict.SKIPPED: "–",
    Verdict.GRADER_ERROR: "?",
}

LIMITS = (Verdict.TIMEOUT, Verdict.MEMORY, Verdict.OUTPUT, Verdict.CRASHED)
"""Verdicts that say a limit was reached, or the process ended by itself."""


def verdict(of: Verdict, language: Language) -> str:
    """A verdict in two or three words."""
    return VERDICTS[of][language is _KO]


def mark(of: Verdict) -> str:
    """A sign for a verdict, never the only thing that tells it."""
    return MARKS.get(of, "✗")


# Words of the pages

_WORDS: dict[str, tuple[str, str]] = {
    "feedback": ("Feedback", "피드백"),
    "self-check": ("Self-check", "자가 점검"),
    "skip": ("Skip to the content", "본문으로 건너뛰기"),
    "contents": ("On this page", "이 페이지의 내용"),
    "score": ("Score", "점수"),
    "of": ("{points} of {maximum} points", "{maximum}점 중 {points}점"),
    "of-short": ("{points} / {maximum}", "{points} / {maximum}"),
    "checks-passed": ("{passed} of {count} checks passed", "검사 {count}개 중 {passed}개 통과"),
    "self-check-note": (
        "Only the public checks were run. Grading uses more inputs than these; no points are given here.",
        "공개된 검사만 실행했습니다. 채점에는 더 많은 입력을 쓰며, 여기서는 점수를 매기지 않습니다.",
    ),
    "cells-missing": (
        "Missing in this notebook, and put back in grading: {names}",
        "이 노트북에 없어서 채점할 때 되살리는 셀: {names}",
    ),
    "no-release": (
        "The assignment as handed out is not here, so changes of given cells cannot be seen; "
        "grading takes them as they were.",
        "배포된 과제가 곁에 없어 주어진 셀이 바뀌었는지는 알 수 없습니다. 채점할 때는 배포한 그대로 씁니다.",
    ),
    "page-written": ("Details: {path}", "자세한 내용: {path}"),
    "undecided-manual": (
        "Points still to be decided by a person, who reads your written answers: {points}.",
        "나머지 {points}점은 사람이 서술형 답안을 읽고 정합니다.",
    ),
    "undecided-fault": (
        "Points that could not be decided because of a fault of the grader: {points}. "
        "That is not your fault; a person will look at it.",
        "채점기의 오류로 {points}점을 정하지 못했습니다. 여러분의 잘못이 아니며, 사람이 확인합니다.",
    ),
    "by-hand": ("{maximum} points, by a person", "{maximum}점, 사람이 채점"),
    "open": ("{maximum} points, to be decided", "{maximum}점, 아직 미정"),
    "late": ("Points deducted for lateness: {points}.", "늦게 제출하여 {points}점을 뺍니다."),
    "unreadable": (
        "Your notebook could not be read, so nothing in it could be graded.",
        "노트북 파일을 읽을 수 없어 채점하지 못했습니다.",
    ),
    "missing": (
        "There is no notebook of this assignment in what you handed in.",
        "제출한 것 가운데 이 과제의 노트북이 없습니다.",
    ),
    "grader-error": (
        "The grader failed on your submission. That is not your fault: a person will look at it.",
        "채점기가 이 제출물을 채점하지 못했습니다. 여러분의 잘못이 아니며, 사람이 확인합니다.",
    ),
    "likely": ("What is most likely behind it", "가장 그럴듯한 원인"),
    "hint": ("Hint", "힌트"),
    "by-task": ("Points by task", "과제별 점수"),
    "by-task-check": ("Checks by task", "과제별 검사"),
    "task": ("Task", "과제"),
    "points": ("Points", "점수"),
    "share": ("Share", "비율"),
    "checks": ("Checks", "검사"),
    "check": ("Check", "검사"),
    "of-checks": ("{passed} of {count} checks", "검사 {count}개 중 {passed}개"),
    "passed-checks": ("Passed", "통과한 검사"),
    "other": ("Other tasks", "그 밖의 과제"),
    "public": ("public", "공개"),
    "bonus": ("no points", "점수 없음"),
    "weight": ("counts {weight}×", "{weight}배"),
    "called": ("Called", "호출"),
    "looked-at": ("Looked at", "확인한 것"),
    "came-back": ("Came back", "돌아온 값"),
    "expected": ("Expected", "기대한 값"),
    "why": ("Why", "이유"),
    "said": ("The error said", "오류 내용"),
    "where": ("First difference", "처음 다른 곳"),
    "where-index": ("at index {index}", "인덱스 {index}"),
    "notebook": ("Your notebook as it ran", "노트북 실행 결과"),
    "cell": ("Cell {number}", "셀 {number}"),
    "position": ("Position", "위치"),
    "what": ("What happened", "무슨 일이 있었나"),
    "all-ran": ("All cells ran to their end.", "모든 셀이 끝까지 실행되었습니다."),
    "not-all-ran": (
        "These cells did not run to their end. What they should have defined may be missing in the checks.",
        "다음 셀은 끝까지 실행되지 않았습니다. 이 셀에서 정의하려던 것이 검사할 때 없을 수 있습니다.",
    ),
    "notices": ("Put right before grading", "채점 전에 바로잡은 것"),
    "limits": ("Limits that were reached", "도달한 제한"),
    "limits-note": (
        "Something took too long, used too much, or ended the process.",
        "너무 오래 걸렸거나, 자원을 너무 많이 썼거나, 프로세스를 끝냈습니다.",
    ),
    "limit-cell": ("{what} in cell {number}", "셀 {number}: {what}"),
    "limit-test": ("{what}: {title}", "{what}: {title}"),
    "training": ("Your training run", "학습 과정"),
    "loss-title": ("Loss by epoch", "에포크별 손실"),
    "accuracy-title": ("Accuracy by epoch", "에포크별 정확도"),
    "epoch": ("epoch", "에포크"),
    "confusion-title": ("Which digit was read as which", "어떤 숫자를 무엇으로 읽었나"),
    "actual": ("actual digit", "실제 숫자"),
    "guessed": ("read as", "읽은 숫자"),
    "missed-title": ("Digits that were missed", "틀린 숫자"),
    "missed-one": ("a {label}, read as {guess}", "실제 {label}, 읽은 숫자 {guess}"),
    "missed-more": ("{count} of them are shown.", "그중 {count}개를 보여 줍니다."),
    "graded": ("graded {time}", "{time} 채점"),
    "checked": ("checked {time}", "{time} 점검"),
    "student": ("Student", "학생"),
    "later": (
        "What the hidden checks put in and expected is not shown here.",
        "비공개 검사의 입력과 기대한 값은 여기에 보이지 않습니다.",
    ),
    "comment": ("Comment", "의견"),
    "comments": ("Comments", "의견"),
    # pictures
    "pictures": ("The arrays as pictures", "배열을 그림으로"),
    "yours": ("yours", "내 결과"),
    "wanted": ("expected", "기대한 값"),
    "difference": ("difference", "차이"),
    "difference-label": ("yours − expected", "내 결과 − 기대한 값"),
    "input": ("input", "입력"),
    "numbers": ("The same as numbers", "숫자로 보기"),
    "outlined": ("The first wrong value is outlined.", "처음 틀린 값에 테두리를 둘렀습니다."),
    "one-scale": (
        "All on one colour scale: blue is negative, orange positive.",
        "모두 같은 색 눈금입니다. 파랑은 음수, 주황은 양수입니다.",
    ),
    "not-finite": ("✕ is not a finite number.", "✕는 유한한 수가 아닙니다."),
    "scale": ("colour scale", "색 눈금"),
    "shape": ("shape {shape}, {dtype}", "shape {shape}, {dtype}"),
    "part": ("shown: {part}", "보이는 부분: {part}"),
    "row": ("row", "행"),
    "column": ("column", "열"),
    "describe-first": (
        "The first wrong value is at index {index}: {value}.",
        "처음 틀린 값은 인덱스 {index}의 {value}입니다.",
    ),
    "describe-range": ("Values from {low} to {high}.", "값은 {low}부터 {high}까지입니다."),
    "describe-same": ("All values are 0.", "모든 값이 0입니다."),
}


def word(key: str, language: Language, **fields: object) -> str:
    """A word or sentence of the pages."""
    text = _WORDS[key][language is _KO]
    return text.format(**fields) if fields else text


def number(value: float) -> str:
    """Points as people write them: 4, 2.5, 3.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


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
    if language is _EN:
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
    return text if language is _EN else _in_korean(text, _DEEPEST)


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


# Strangers' text

_ANSI = Pattern(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LONG_CODE = Pattern(r"\x1b\[[^@-~]{30}")
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def plain(text: str, limit: int = 4000) -> str:
    """A stranger's text without terminal codes, control characters and marks that turn the direction."""
    text = _ANSI.sub("", text[: 2 * limit])
    kept = "".join(c if (c.isprintable() and c not in _DIRECTION) or c in "\n\t" else "\ufffd" for c in text)
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def without_colours(text: str, *, at_most: int) -> str:
    """The text as it is if it has no more terminal codes than this, and no long ones; else without any."""
    if text.count("\x1b") <= at_most and not _LONG_CODE.search(text):
        return text
    return _ANSI.sub("", text).replace("\x1b", "\ufffd")


def one_line(text: str, limit: int = 200) -> str:
    """The same on one line, for a terminal or a table."""
    return " ".join(plain(text, limit).split())
