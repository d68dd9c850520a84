"""What people read, in English and Korean; pure functions from facts to sentences.

The grader's own messages are facts with a wording of their own: see :mod:`autograder.messages`.
"""

from __future__ import annotations

from autograder.examination import Verdict
from autograder.messages import Language

EN, KO = Language.EN, Language.KO

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
    return VERDICTS[of][language is KO]


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
    "follows": (
        "follows from {functions}: passes with a right one",
        "{functions}에서 이어진 오류: 그 함수가 바르면 통과합니다",
    ),
    "lies-in": (
        "the mistake is in your {functions}: passes with a right one",
        "오류가 있는 곳은 {functions}: 그 함수가 바르면 통과합니다",
    ),
    "mistake-in": (
        "In your `{functions}`: with a right one this check passes.",
        "`{functions}`: 이 함수가 바르면 이 검사는 통과합니다.",
    ),
    "to-come": ("{maximum} points to come", "{maximum}점은 채점 예정"),
    "to-come-manual": (
        "{points} points to come: a person reads your written answers.",
        "{points}점은 아직 채점하지 않았습니다. 사람이 서술형 답안을 읽고 정합니다.",
    ),
    "of-all": ("/ {maximum}", "/ {maximum}"),
    "of-decided": ("of {maximum} decided", "/ {maximum} (채점이 끝난 점수)"),
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
    "next": ("What to do next", "다음에 할 일"),
    "next-cell": (
        "{cell}, did not run to its end: mend it first.",
        "{cell}: 끝까지 실행되지 않았습니다. 먼저 고치세요.",
    ),
    "next-same": (
        "Other checks that this takes with it: {count}.",
        "이 때문에 함께 통과하지 못한 검사: {count}개",
    ),
    "next-more": (
        "After that, checks that are not passed yet: {count}.",
        "그다음, 아직 통과하지 못한 검사: {count}개",
    ),
    "same-reason": ("For the reason above", "위와 같은 이유"),
    "unanswered": ("Written answers that are empty: {names}.", "비어 있는 서술형 답안: {names}"),
    "all-passed": ("All checks are passed.", "모든 검사를 통과했습니다."),
    "all-done": (
        "All checks are passed: there is nothing left to mend.",
        "모든 검사를 통과했습니다. 더 고칠 것이 없습니다.",
    ),
    "since": ("Since your last attempt ({time})", "지난 제출({time}) 이후"),
    "better": ("Passed now: {count}", "새로 통과한 검사: {count}개"),
    "worse": ("Not passed any more: {count}", "더는 통과하지 못하는 검사: {count}개"),
    "no-change": ("The same checks are passed as before.", "통과한 검사는 지난번과 같습니다."),
    "copy": ("Copy as code", "코드로 복사"),
    "copied": (
        "Copied: paste it into a new cell below your function.",
        "복사했습니다. 함수 아래 새 셀에 붙여 넣으세요.",
    ),
    "copy-by-hand": ("It is selected: copy it with Ctrl+C.", "선택했습니다. Ctrl+C로 복사하세요."),
    "as-code": ("The call as code", "호출을 코드로"),
    "one-of": ("{place} of {count}", "{count}개 중 {place}번째"),
    "shown-above": ("shown above", "위에 있음"),
    "likely": ("What is most likely behind it", "가장 그럴듯한 원인"),
    "hint": ("Hint", "힌트"),
    "more-hint": ("A further hint", "힌트 하나 더"),
    "by-task": ("Points by task", "과제별 점수"),
    "by-task-check": ("Checks by task", "과제별 검사"),
    "task": ("Task", "과제"),
    "points": ("Points", "점수"),
    "share": ("Share", "비율"),
    "checks": ("Checks", "검사"),
    "check": ("Check", "검사"),
    "of-checks": ("{passed} of {count} checks", "검사 {count}개 중 {passed}개"),
    "passed-checks": ("Passed", "통과한 검사"),
    "passed-tasks": ("Tasks that are right", "모두 통과한 과제"),
    "other": ("Other tasks", "그 밖의 과제"),
    "public": ("public", "공개"),
    "bonus": ("no points", "점수 없음"),
    "weight": ("counts {weight}×", "{weight}배"),
    "called": ("Called", "호출"),
    "looked-at": ("Looked at", "확인한 것"),
    "came-back": ("Came back", "돌아온 값"),
    "expected": ("Expected", "기대한 값"),
    "where": ("Where", "틀린 곳"),
    "why": ("Why", "이유"),
    "said": ("The error said", "오류 내용"),
    "notebook": ("Your notebook as it ran", "노트북 실행 결과"),
    "cell": ("Cell {number}", "셀 {number}"),
    "cell-under": ("Cell {number}, under “{heading}”", "‘{heading}’ 아래의 셀 {number}"),
    "cell-line": ("{cell}, line {line}", "{cell}, {line}번째 줄"),
    "line": ("Line {line}", "{line}번째 줄"),
    "slow-at": (
        "Where it was when the time was up: {cell}, line {line}",
        "시간이 다 됐을 때 실행하던 곳: {cell}, {line}번째 줄",
    ),
    "answer": ("Your answer", "서술형 답안"),
    "position": ("Position", "위치"),
    "what": ("What happened", "무슨 일이 있었나"),
    "all-ran": ("All cells ran to their end.", "모든 셀이 끝까지 실행되었습니다."),
    "not-all-ran": (
        "These cells did not run to their end. What they should have defined may be missing in the checks.",
        "다음 셀은 끝까지 실행되지 않았습니다. 이 셀에서 정의하려던 것이 검사할 때 없을 수 있습니다.",
    ),
    "notices": ("Put right before grading", "채점 전에 바로잡은 것"),
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
    # a submission that gets its feedback later
    "arrived": ("Your submission has arrived", "제출물이 도착했습니다"),
    "arrived-at": ("handed in {time}", "{time} 제출"),
    "kept": (
        "It is kept and graded like every other one.",
        "제출물은 보관되며 다른 제출물과 똑같이 채점됩니다.",
    ),
    "kept-due": (
        "Feedback on this assignment comes after the due date, from {time}.",
        "이 과제의 피드백은 마감 후 {time}부터 받을 수 있습니다.",
    ),
    "kept-attempts": (
        "You have had feedback on {count} attempts, and there are no more of them before the due date. "
        "The next is due at {time}.",
        "마감 전에 받을 수 있는 피드백 {count}회를 모두 받았습니다. 다음 피드백은 {time}에 나옵니다.",
    ),
    "kept-every": (
        "You have had feedback a short while ago. The next is due at {time}.",
        "조금 전에 피드백을 받았습니다. 다음 피드백은 {time}에 나옵니다.",
    ),
    "kept-last": (
        "It is given on what you have handed in last by then. Fetch it in the same place.",
        "그때까지 마지막으로 제출한 것에 대한 피드백이며, 같은 곳에서 받을 수 있습니다.",
    ),
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
    text = _WORDS[key][language is KO]
    return text.format(**fields) if fields else text


def number(value: float) -> str:
    """Points as people write them: 4, 2.5, 3.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
