"""Wrong answers that many gave and nobody has named: students whose function fails in the same way.

Two students are together if their function failed the same tests in the same way: the same call, the same
answer, the same difference, as far as the record keeps them. What a test that passed was answered is right.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from autograder.examination import Examination, TestOutcome
from autograder.notebooks.definitions import names_of
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
        code: the shortest of the students' functions, without comments and docstring, if any can be read;
            before it what it uses of the student's own: helpers, constants, imports.
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
    given: Collection[str] = (),
) -> list[WrongAnswer]:
    """Groups of at least two students, the largest first.

    Args:
        examinations: of each student.
        trained: module and function of the tests that train a model, which are left out.
        waiting: entries that wait for their words, by digest of the answers.
        given: names that the notebook defines as students get it: what they stand for is no student's own.
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
            code=min(
                (code for _, e, _ in members if (code := _code(e, function, given))), key=len, default=""
            ),
            answers=digest,
            entry=(waiting or {}).get(digest, ""),
        )
        for (function, digest), members in together.items()
        if len(members) >= _FEWEST
    ]
    return sorted(groups, key=lambda group: (-len(group.students), group.function, group.students))


def _code(examination: Examination, function: str, given: Collection[str]) -> str:
    """A student's function as Python itself would write it, below what it uses of the student's own.

    Args:
        examination: of the student.
        function: its name.
        given: names that every notebook has.
    """
    statements = list(_statements(examination))
    definitions: dict[str, ast.stmt] = {}
    for statement in statements:
        names = (name for name in names_of(statement) if name == function or name not in given)
        definitions.update(dict.fromkeys(names, statement))
    used: set[str] = set()
    open_ends = {function} & definitions.keys()
    while open_ends:
        used |= open_ends
        open_ends = set().union(*(_uses(definitions[name]) for name in open_ends)) & definitions.keys() - used
    kept = {id(definitions[name]) for name in used}
    return "\n\n".join(ast.unparse(_undocumented(one)) for one in statements if id(one) in kept)


def _statements(examination: Examination) -> Iterator[ast.stmt]:
    """The statements of a student's cells, outermost, as far as they can be read."""
    for cell in examination.notebook:
        if cell.cell_type != "code" or len(cell.source) > _MOST_CODE:
            continue
        try:
            yield from ast.parse(cell.source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # a magic, or no Python
            continue


def _uses(statement: ast.stmt) -> set[str]:
    """Names that a statement may take from outside: in a function, those that it gives no value itself."""
    nodes = list(ast.walk(statement))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        own |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
        own -= {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    return {node.id for node in names} - own


def _undocumented(statement: ast.stmt) -> ast.stmt:
    """Without its docstring, if anything is left then."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            if ast.get_docstring(statement, clean=False) is not None and len(statement.body) > 1:
                statement.body = statement.body[1:]
    return statement
