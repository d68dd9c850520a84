"""Wrong answers that many gave and nobody has named: students whose function fails in the same way.

Two students are together if their function failed the same tests in the same way: the same call, the same
answer, the same difference, as far as the record keeps them. What a test that passed was answered is right.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from autograder.examination import Examination, TestOutcome
from autograder.submissions.naming import digest_of, wrong_by_function

_MOST_CODE = 20_000
"""Characters of a cell beyond which nobody looks for the shortest."""
_FEWEST = 2


@dataclass(frozen=True)
class WrongAnswer:
    """One way in which a function of several students fails.

    Attributes:
        function: its name.
        students: who gave it.
        failed: how many tests it fails.
        test: the first of these, with the call that differs.
        code: the shortest of the students' functions, without comments and docstring, if any can be read.
        answers: digest of what was answered.
        entry: id of the entry in ``mutants.yml`` that waits for its words; empty if there is none.
    """

    function: str
    students: tuple[str, ...]
    failed: int
    test: TestOutcome
    code: str
    answers: str = ""
    entry: str = ""

    @property
    def name(self) -> str:
        """What the group is called until it has a name: the same as long as the answers are."""
        return f"{self.function}-{self.answers[:6]}"


def wrong_answers(
    examinations: Iterable[tuple[str, Examination]],
    trained: Collection[tuple[str, str]] = (),
    waiting: Mapping[str, str] | None = None,
) -> list[WrongAnswer]:
    """Groups of at least two students, the largest first.

    Args:
        examinations: of each student.
        trained: module and function of the tests that train a model, which are left out.
        waiting: entries that wait for their words, by digest of the answers.
    """
    together: dict[tuple[str, str], list[tuple[str, Examination, list[TestOutcome]]]] = defaultdict(list)
    for student, examination in examinations:
        named = {found.function for found in examination.misconceptions}
        for function, tests in wrong_by_function(examination, trained).items():
            if function not in named:
                together[function, digest_of(function, tests)].append((student, examination, tests))
    groups = [
        WrongAnswer(
            function=function,
            students=tuple(student for student, _, _ in members),
            failed=len(members[0][2]),
            test=next((test for test in members[0][2] if test.difference), members[0][2][0]),
            code=min((code for _, e, _ in members if (code := _code(e, function))), key=len, default=""),
            answers=digest,
            entry=(waiting or {}).get(digest, ""),
        )
        for (function, digest), members in together.items()
        if len(members) >= _FEWEST
    ]
    return sorted(groups, key=lambda group: (-len(group.students), group.function, group.students))


def _code(examination: Examination, function: str) -> str:
    """A student's function as Python itself would write it."""
    for cell in reversed(examination.notebook):
        if cell.cell_type != "code" or function not in cell.source or len(cell.source) > _MOST_CODE:
            continue
        try:
            for node in reversed(ast.parse(cell.source).body):
                if isinstance(node, ast.FunctionDef) and node.name == function:
                    if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1:
                        node.body = node.body[1:]
                    return ast.unparse(node)
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # a magic, or no Python
            continue
    return ""
