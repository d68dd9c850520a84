"""What the grader says of a cell, a test or a file: facts, each with a wording in English and one in Korean.

Whoever finds something out records a :class:`Message`: a code and its values. Whoever shows it asks for a
language. Korean sentences put facts behind a colon: which particle a number or a name takes depends on how
it is read.
"""

from __future__ import annotations

import string
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from autograder.protocol import SAID_BY_CANDIDATE


class Language(StrEnum):
    """Languages of prose, feedback and hints."""

    EN = "en"
    KO = "ko"


class Message(BaseModel):
    """One sentence, or a stranger's own words, or one sentence about such words.

    Attributes:
        code: of :data:`SENTENCES`; empty where only ``text`` says what happened.
        values: what the sentence is about; a value may be a sentence again.
        text: words that were not written here: an exception's, a suite's, or the grader's to a TA. They are
            in English, whatever the language.
        korean: the same in Korean, where whoever wrote them gave both.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = ""
    values: dict[str, str | Message] = Field(default_factory=dict)
    text: str = ""
    korean: str = ""

    @model_validator(mode="before")
    @classmethod
    def _plain_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    @property
    def is_known(self) -> bool:
        """Whether there is a sentence for it in every language."""
        return self.code in SENTENCES

    def sentence(self, language: Language) -> str:
        """The sentence alone, without ``text``; empty if there is none.

        Of a code that this kit does not know, as a record of another one may have it, it is the code.
        """
        if not self.is_known:
            return self.code
        values = {
            name: value.in_(language) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return SENTENCES[self.code][language is Language.KO].format_map(_Missing(values))

    def in_(self, language: Language) -> str:
        """All of it."""
        text = self.korean or self.text if language is Language.KO else self.text
        return "\n".join(part for part in (self.sentence(language), text) if part)

    def said_with(self, text: str) -> Message:
        """The same sentence about these words."""
        return self.model_copy(update={"text": text, "korean": ""})

    def __str__(self) -> str:
        return self.in_(Language.EN)

    def __bool__(self) -> bool:
        return bool(self.code or self.text)


class _Missing(dict[str, str]):
    """A record may come from an older kit, whose sentence had other values."""

    def __missing__(self, name: str) -> str:
        return "?"


def fact(code: str, **values: Any) -> Message:
    """The message with this code.

    Args:
        code: one of :data:`SENTENCES`.
        values: what its sentence names, as text, as a number, or as another message.

    Raises:
        ValueError: there is no such sentence, or it names other values.
    """
    if code not in SENTENCES or values.keys() != fields_of(SENTENCES[code][0]):
        raise ValueError(f"no message {code!r} with the values {sorted(values)}")
    told = {name: value if isinstance(value, Message) else str(value) for name, value in values.items()}
    return Message(code=code, values=told)


def words(text: str, korean: str = "") -> Message:
    """Somebody's own words as a message; in Korean too, where they gave both."""
    return Message(text=text, korean=korean)


def fields_of(sentence: str) -> set[str]:
    """Names of the values that a sentence has room for."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


_TYPE = "기대한 타입: {kind}, 돌아온 타입: {{got}}"

NOTHING = Message()
"""No message."""

SENTENCES: dict[str, tuple[str, str]] = {
    # -- what a check says of a value
    "expected-array": ("expected a NumPy array, got {got}", _TYPE.format(kind="NumPy 배열")),
    "expected-int": ("expected an int, got {got}", _TYPE.format(kind="int")),
    "expected-number": ("expected a number, got {got}", _TYPE.format(kind="수")),
    "expected-sequence": ("expected a tuple or list, got {got}", _TYPE.format(kind="tuple이나 list")),
    "expected-text": ("expected a str, got {got}", _TYPE.format(kind="str")),
    "none-returned": ("None (is a `return` missing?)", "None(`return`이 빠졌나요?)"),
    "shape": (
        "expected an array of shape {expected}, got shape {got}",
        "기대한 shape: {expected}, 돌아온 shape: {got}",
    ),
    "dtype": ("expected dtype {expected}, got {got}", "기대한 dtype: {expected}, 돌아온 dtype: {got}"),
    "value": ("expected {expected}, got {got}", "기대한 값: {expected}, 돌아온 값: {got}"),
    "value-at": (
        "expected {expected} at index {where}, got {got}",
        "인덱스 {where}에서 기대한 값: {expected}, 돌아온 값: {got}",
    ),
    "length": (
        "expected {expected} values, got {got}",
        "기대한 값의 개수: {expected}, 돌아온 값의 개수: {got}",
    ),
    "text": (
        "texts differ at character {where}: expected {expected}, got {got}",
        "글자 위치 {where}부터 다릅니다. 기대한 값: {expected}, 돌아온 값: {got}",
    ),
    "at-position": ("at position {where}: {what}", "위치 {where}: {what}"),
    "no-exception": (
        "expected a {error} that names {argument}",
        "인자 {argument} 이름이 들어 있는 {error} 예외가 나야 합니다",
    ),
    "wrong-exception": (
        "the {error} should name the argument {argument}; it says {said}",
        "{error} 예외의 메시지에 인자 {argument} 이름이 있어야 합니다. 메시지: {said}",
    ),
    "changed": ("the call changed {what}", "호출이 바꾼 것: {what}"),
    "argument-number": ("its argument number {number}", "{number}번째 인자"),
    "argument": ("its argument {name}", "인자 {name}"),
    "generators": ("the state of the global random generator", "전역 난수 생성기의 상태"),
    # -- what became of a test
    "not-implemented": ("not implemented yet", "아직 작성하지 않았습니다"),
    "not-defined": ("`{name}` is not defined in the notebook", "노트북에 `{name}`의 정의가 없습니다"),
    "did-you-mean": (
        "`{name}` is not defined in the notebook, but `{found}` is: give it the name that is asked for",
        "노트북에 `{name}`의 정의가 없고 `{found}`의 정의만 있습니다. 과제에서 정한 이름으로 바꾸세요",
    ),
    "cell-ended-with": (
        "{what}: its cell (number {cell}) ended with {how}",
        "{what}. 그 셀(셀 {cell})이 다음과 같이 끝났습니다: {how}",
    ),
    "training-unfinished": ("the training did not finish: {why}", "학습이 끝나지 않았습니다: {why}"),
    "different-answers": (
        "the same call gave different answers at different times",
        "같은 호출에 매번 다른 답을 합니다",
    ),
    "unusable": (
        "what came back cannot be used as the result: {why}",
        "돌아온 값을 결과로 쓸 수 없습니다: {why}",
    ),
    "refuses-most": (
        "`{function}` refuses most of what is right too",
        "`{function}`은(는) 올바른 입력도 대부분 거부합니다",
    ),
    "without-reason": ("the test failed without saying why", "검사가 이유 없이 실패했습니다"),
    # -- names that were used again
    "used-again": (
        "`{name}` {before}, and {after}: names count after the last cell",
        "`{name}`: {before}, {after}. 이름은 마지막 셀까지 실행한 뒤의 것으로 채점합니다",
    ),
    "beside": ("{what}; {more}", "{what}. {more}"),
    "was": ("was {kind} after cell {cell}", "셀 {cell} 뒤에는 {kind}"),
    "is-pythons": ("is Python's own", "원래 파이썬에 있는 이름"),
    "made": ("cell {cell} made {kind} of it", "셀 {cell} 뒤에는 {kind}"),
    "made-another": ("cell {cell} made another {kind} of it", "셀 {cell} 뒤에는 다른 {kind}"),
    "deleted": ("cell {cell} deleted it", "셀 {cell}에서 지워짐"),
    "kind-function": ("function", "함수"),
    "kind-class": ("class", "클래스"),
    "kind-module": ("module", "모듈"),
    "kind-number": ("number", "수"),
    "kind-str": ("text", "문자열"),
    "kind-list": ("list", "리스트"),
    "kind-tuple": ("tuple", "튜플"),
    "kind-dict": ("dictionary", "딕셔너리"),
    "kind-set": ("set", "집합"),
    "kind-ndarray": ("array", "배열"),
    "a": ("a {kind}", "{kind}"),
    "an": ("an {kind}", "{kind}"),
    "nothing": ("nothing", "None"),
    "something": ("something else", "다른 것"),
    # -- limits
    "time-limit": ("the time limit was reached", "시간 제한에 걸렸습니다"),
    "processor-time": ("limit of processor time reached", "프로세서 시간 제한에 걸렸습니다"),
    "memory": ("memory limit of {size} reached", "메모리 제한({size})에 걸렸습니다"),
    "disk": ("disk limit of {size} reached", "디스크 제한({size})에 걸렸습니다"),
    "reply": ("reply limit of {size} reached", "응답 크기 제한({size})에 걸렸습니다"),
    "too-large": (
        "what came back is too large to judge: {why}",
        "돌아온 값이 너무 커서 판정할 수 없습니다: {why}",
    ),
    "no-end": (
        "what came back has no end, or is too much to judge",
        "돌아온 값이 끝이 없거나 너무 많아 판정할 수 없습니다",
    ),
    "tests-used-up": (
        "the time limit of {seconds} s for all tests was used up",
        "모든 검사의 시간 제한({seconds}초)을 다 썼습니다",
    ),
    "training-used-up": (
        "the time limit of {seconds} s for training was used up",
        "학습의 시간 제한({seconds}초)을 다 썼습니다",
    ),
    "not-called-again": (
        "`{function}` was not called again: it ran into a limit before",
        "`{function}`: 앞에서 제한에 걸려 다시 호출하지 않았습니다",
    ),
    "not-called-in-time": (
        "`{function}` was not called again: the time limit of {seconds} s for all tests was used up",
        "`{function}`: 모든 검사의 시간 제한({seconds}초)을 다 써서 다시 호출하지 않았습니다",
    ),
    "cells-used-up": (
        "not run: the time limit of {seconds} s for all cells was used up",
        "모든 셀의 시간 제한({seconds}초)을 다 써서 실행하지 않았습니다",
    ),
    "others-ended": (
        "not run: other cells ended the process {count} times",
        "다른 셀이 프로세스를 {count}번 끝내서 실행하지 않았습니다",
    ),
    "time-in-cell": (
        "time limit of {seconds} s reached in cell {cell}",
        "셀 {cell}에서 시간 제한({seconds}초)에 걸렸습니다",
    ),
    "output-in-cell": (
        "output limit of {size} reached in cell {cell}",
        "셀 {cell}에서 출력 제한({size})에 걸렸습니다",
    ),
    "in-cell": ("{what} in cell {cell}", "셀 {cell}: {what}"),
    # -- how a process ended
    "segmentation-fault": (
        "the process crashed (segmentation fault)",
        "프로세스가 비정상 종료했습니다(segmentation fault)",
    ),
    "signal": ("the process was ended by signal {number}", "프로세스가 시그널 {number}로 종료되었습니다"),
    "ended-itself": ("the process ended itself", "프로세스가 스스로 종료했습니다"),
    "ended-too-often": ("the process ended too often", "프로세스가 너무 자주 종료했습니다"),
    "ended": ("the process ended", "프로세스가 종료했습니다"),
    "invalid-answer": ("the answer is not a valid one", "올바른 응답이 아닙니다"),
    "invalid-message": (
        "the process sent something that is not a valid answer",
        "프로세스가 올바르지 않은 응답을 보냈습니다",
    ),
    "notebook-not-run": (
        "the notebook could not be run to its end: {why}",
        "노트북을 끝까지 실행할 수 없었습니다: {why}",
    ),
    # -- what a candidate says of its own cells
    "output-limit": (SAID_BY_CANDIDATE["output-limit"], "출력 제한에 걸렸습니다"),
    "cell-time-limit": (SAID_BY_CANDIDATE["cell-time-limit"], "셀의 시간 제한에 걸렸습니다"),
    "memory-limit": (SAID_BY_CANDIDATE["memory-limit"], "메모리 제한에 걸렸습니다"),
    "exit": (SAID_BY_CANDIDATE["exit"], "`exit()`가 이 셀을 끝냈습니다. 그때까지 정의한 것은 그대로 셉니다"),
    "no-debugger": (
        SAID_BY_CANDIDATE["no-debugger"],
        "디버거를 지우세요. 채점할 때는 아무도 입력할 수 없습니다",
    ),
    "no-input": (
        SAID_BY_CANDIDATE["no-input"],
        "채점할 때는 아무도 input()에 답할 수 없습니다. 값을 코드에 쓰세요",
    ),
    "no-module": (
        "{error} (there is no such module where notebooks are graded)",
        "{error} (채점하는 곳에는 이 모듈이 없습니다)",
    ),
    # -- files that cannot be graded
    "no-notebook": ("There is no notebook.", "노트북이 없습니다."),
    "no-file": ("There is no {name} in the folder.", "폴더에 없는 파일: {name}."),
    "other-notebooks": (
        "There is no {name} in the folder, but there are {count} other notebooks, {others}: "
        "leave the one that counts, or name it {name}.",
        "폴더에 없는 파일: {name}. 다른 노트북 {count}개: {others}. "
        "하나만 남기거나 이름을 맞추어 다시 제출하세요.",
    ),
    "other-files": (
        "There is no {name} in the folder, only {others}: name the notebook {name}.",
        "폴더에 없는 파일: {name}. 있는 파일: {others}. 노트북 이름을 맞추어 다시 제출하세요.",
    ),
    "many-files": (
        "More than {count} files were handed in: hand in {name} alone.",
        "제출한 파일이 {count}개보다 많습니다. 이 파일만 제출하세요: {name}.",
    ),
    "not-among-files": ("There is no {name} among the files.", "제출한 파일 가운데 없는 파일: {name}."),
    "others-among-files": (
        "There is no {name} among the files; there is {others}.",
        "제출한 파일 가운데 없는 파일: {name}. 있는 파일: {others}.",
    ),
    "link": (
        "{name} is a link, which is not followed.",
        "{name}: 링크는 따라가지 않습니다. 파일을 제출하세요.",
    ),
    "odd-file": ("{name} is not an ordinary file.", "{name}: 보통 파일이 아닙니다."),
    "large-file": (
        "{name} is larger than {size} MiB: clear its outputs and hand it in again.",
        "{size} MiB보다 큰 파일: {name}. 출력을 지우고 다시 제출하세요.",
    ),
    "large-notebook": (
        "The notebook is too large ({size} MB, at most {most} MB): clear its outputs and hand it in again.",
        "노트북이 너무 큽니다({size} MB, 최대 {most} MB). 출력을 지우고 다시 제출하세요.",
    ),
    "crowded-notebook": (
        "The notebook holds too many lists and objects: clear its outputs and hand it in again.",
        "노트북에 목록과 객체가 너무 많습니다. 출력을 지우고 다시 제출하세요.",
    ),
    "empty-file": ("The notebook file is empty.", "노트북 파일이 비어 있습니다."),
    "too-much-memory": (
        "The notebook takes too much memory to be read: clear its outputs and hand it in again.",
        "노트북을 읽는 데 메모리가 너무 많이 듭니다. 출력을 지우고 다시 제출하세요.",
    ),
    "not-json": (
        "The file is not a notebook: it is not JSON.",
        "노트북 파일이 아닙니다. JSON이 아닙니다.",
    ),
    "not-json-from": (
        "The file is not a notebook: it is not JSON (line {line}).",
        "노트북 파일이 아닙니다. JSON이 아닙니다(줄 {line}).",
    ),
    "nested": (
        "The notebook is nested too deeply to be read.",
        "노트북이 너무 깊이 중첩되어 읽을 수 없습니다.",
    ),
    "not-utf-8": (
        "The file is not UTF-8, as notebooks are: open it in a text editor in the encoding that it has, "
        "save it as UTF-8, and hand it in again.",
        "파일의 인코딩이 UTF-8이 아닙니다. 텍스트 편집기에서 UTF-8로 다시 저장해 제출하세요.",
    ),
    "other-json": ("The file is JSON, but not a notebook.", "JSON 파일이지만 노트북이 아닙니다."),
    "no-cells": (
        "The file is JSON, but not a notebook: it has no cells.",
        "JSON 파일이지만 노트북이 아닙니다. 셀이 없습니다.",
    ),
    "newer": (
        "The notebook is in format {format}, which is newer than this autograder (it reads up to {newest}).",
        "노트북의 형식 {format}: 이 채점기가 읽는 형식(최대 {newest})보다 새것입니다.",
    ),
    "many-cells": (
        "The notebook has {count} cells; at most {most} are read.",
        "노트북의 셀: {count}개. 최대 {most}개까지 읽습니다.",
    ),
    "unconverted": (
        "The notebook is in the old format {format} and cannot be converted: "
        "open and save it in Jupyter, and hand it in again.",
        "예전 형식({format})의 노트북이며 변환할 수 없습니다. Jupyter에서 열어 저장한 뒤 다시 제출하세요.",
    ),
    "other-language": (
        "The notebook is written for {kernel}, not for Python: "
        "choose the kernel Python 3 in Jupyter, and hand it in again.",
        "노트북의 커널: {kernel}. Jupyter에서 Python 3 커널을 고른 뒤 다시 제출하세요.",
    ),
    "damaged-cell": (
        "The file is damaged: its cell {cell} is not a notebook cell.",
        "파일이 손상되었습니다. 셀 {cell}: 노트북의 셀이 아닙니다.",
    ),
    "damaged-source": (
        "The file is damaged: the source of its cell {cell} is not text.",
        "파일이 손상되었습니다. 셀 {cell}: 내용이 글이 아닙니다.",
    ),
    # -- what was put right before grading
    "edited-cell": (
        "Given cells were changed and have been restored: {names}.",
        "원래 주어진 셀이 바뀌어 되돌렸습니다: {names}.",
    ),
    "cell-type": (
        "Cells had another type and have been repaired: {names}.",
        "셀의 종류가 바뀌어 고쳤습니다: {names}.",
    ),
    "cell-metadata": (
        "Cells had other nbgrader metadata and have been repaired: {names}.",
        "셀의 nbgrader 메타데이터가 바뀌어 고쳤습니다: {names}.",
    ),
    "found-cell": (
        "Cells without their grade id were recognised by what they hold (in brackets the cell): {names}.",
        "grade id가 없어진 셀을 내용으로 알아보았습니다(괄호 안은 셀 번호): {names}.",
    ),
    "found-elsewhere": (
        "Task cells are missing; what they ask for was found elsewhere (in brackets the cell): {names}.",
        "과제 셀이 없지만, 요구한 코드를 다른 셀에서 찾았습니다(괄호 안은 셀 번호): {names}.",
    ),
    "lost-answer": (
        "Answer cells are missing; a person looks for the answer (in brackets the cells): {names}.",
        "답안 셀이 없어 사람이 답안을 찾아봅니다(괄호 안은 살펴볼 셀 번호): {names}.",
    ),
    "missing-cell": (
        "Cells were missing and have been put back as released: {names}.",
        "없어진 셀을 배포한 그대로 되살렸습니다: {names}.",
    ),
    "duplicate-cell": (
        "Cells were there more than once; the first one (of answers, the first written) counts: {names}.",
        "두 번 이상 나온 셀은 첫 번째 것만 셉니다(답안은 처음으로 작성된 것): {names}.",
    ),
    "unknown-cell": (
        "Cells with a grade id that the assignment does not have count as plain cells: {names}.",
        "과제에 없는 grade id를 가진 셀은 보통 셀로 다룹니다: {names}.",
    ),
    "and-more": ("{names} and {count} more", "{names} 외 {count}개"),
    "old-format": (
        "The notebook was in the old format {format}; converted.",
        "예전 형식({format})의 노트북을 변환했습니다.",
    ),
    "new-format": (
        "The notebook is in a newer format than 4.5 (4.{minor}).",
        "노트북이 더 새로운 형식(4.{minor})으로 저장되어 있습니다.",
    ),
    "foreign-notebook": (
        "None of the assignment's cells is in this notebook: it may be that of another week.",
        "이 과제의 셀이 하나도 없습니다. 다른 주의 노트북일 수 있습니다.",
    ),
}
"""By code: the sentence in English and in Korean; what stands in braces is filled in."""
