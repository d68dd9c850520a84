"""Wrong variants of a function that nobody has to think of: from its syntax tree, and spoilt from outside.

A variant differs from the function in one place. Both are written by :func:`ast.unparse`, a statement a line,
so that the difference is a line or two and does not depend on comments or on how the source was laid out.
"""

from __future__ import annotations

import ast
import copy
import difflib
import itertools
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_ONE_WAY = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
"""Operators whose sides cannot be exchanged."""
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_TWINS = (
    ("max", "min"),
    ("maximum", "minimum"),
    ("argmax", "argmin"),
    ("sum", "mean"),
    ("any", "all"),
    ("zeros", "ones"),
    ("float64", "float32"),
    ("int64", "int32"),
    ("ValueError", "TypeError"),
)
_EXCHANGED = {a: b for pair in _TWINS for a, b in (pair, pair[::-1])}
_CASTS = frozenset({"asarray", "array", "float", "int", "str", "list", "tuple", "abs", "ascontiguousarray"})
"""Functions that give back what they were given, in another form."""
_CAST_METHODS = frozenset({"astype", "copy", "item", "tolist"})


@dataclass(frozen=True)
class Variant:
    """A function with one thing changed.

    Attributes:
        function: its name.
        was: the lines that are gone, as :func:`ast.unparse` writes them, without their indent.
        now: those in their place; for a spoilt function ``@`` and the spoiler's name.
        source: run on top of the solution.
    """

    function: str
    was: str
    now: str
    source: str

    def shown(self, width: int = 72) -> tuple[str, str]:
        """Both sides of the difference; of a long line what differs in it and what stands around that."""
        was, now = self.was, self.now
        if "\n" in was + now or max(len(was), len(now)) <= width:
            return was, now
        before = _common(was, now)
        after = _common(was[before:][::-1], now[before:][::-1])
        room = max((width - max(len(was), len(now)) + before + after) // 2 - 2, 8)
        start, end = max(before - room, 0), max(after - room, 0)
        left, right = "… " if start else "", " …" if end else ""
        return (
            f"{left}{was[start : len(was) - end]}{right}",
            f"{left}{now[start : len(now) - end]}{right}",
        )


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their start."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def variants_of(source: str) -> list[Variant]:
    """All variants of a function that differ from it in its text, each once.

    Args:
        source: the function, without its docstring.
    """
    (tree,) = ast.parse(source).body
    assert isinstance(tree, ast.FunctionDef)
    before = ast.unparse(tree)
    found: dict[str, Variant] = {}
    left_alone = _left_alone(tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in left_alone:
            continue
        for changed in _changes(node):
            whole = copy.deepcopy(tree)
            after = ast.unparse(_Put(_nth(whole, place), changed).visit(whole))
            if after != before and after not in found:
                was, now = _difference(before, after)
                found[after] = Variant(tree.name, was, now, after + "\n")
    return list(found.values())


def _left_alone(tree: ast.FunctionDef) -> set[int]:
    """Annotations and what stands in messages: nobody is graded for them."""
    outside: list[ast.AST | None] = [tree.returns]
    outside += [argument.annotation for argument in ast.walk(tree.args) if isinstance(argument, ast.arg)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            outside += node.exc.args
        elif isinstance(node, ast.FormattedValue):
            outside.append(node.format_spec)
    return {id(node) for one in outside if one is not None for node in ast.walk(one)}


def _nth(tree: ast.AST, place: int) -> ast.AST:
    return next(node for number, node in enumerate(ast.walk(tree)) if number == place)


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Put the new node where the old one is."""
        return self._new if node is self._old else super().visit(node)


def _difference(before: str, after: str) -> tuple[str, str]:
    """The lines that differ, on either side."""
    gone, come = [], []
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if line.startswith("- "):
            gone.append(line[2:].strip())
        elif line.startswith("+ "):
            come.append(line[2:].strip())
    return "\n".join(gone), "\n".join(come)


# -- one place of the tree ----------------------------------------------------------------------


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in place of a node."""
    match node:
        case ast.BinOp():
            yield from _of_arithmetic(node)
        case ast.Compare():
            yield from _of_comparison(node)
        case ast.BoolOp():
            yield from _of_condition(node)
        case ast.UnaryOp():
            yield node.operand
        case ast.Constant():
            yield from _of_constant(node)
        case ast.Call():
            yield from _of_call(node)
        case ast.Name() | ast.Attribute():
            yield from _of_name(node)
        case ast.Subscript():
            yield from _of_subscript(node)
        case ast.Tuple():
            yield from _of_tuple(node)
        case ast.If() | ast.IfExp() | ast.While():
            yield from _of_branch(node)
        case ast.Assign() | ast.Expr():
            yield ast.Pass()
        case ast.AugAssign():
            yield ast.Pass()
            if type(node.op) in _ARITHMETIC:
                yield ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)
        case ast.comprehension():
            for number in range(len(node.ifs)):
                kept = node.ifs[:number] + node.ifs[number + 1 :]
                yield ast.comprehension(node.target, node.iter, kept, node.is_async)


def _of_arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _ARITHMETIC:
        yield ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
    if isinstance(node.op, _ONE_WAY):
        yield ast.BinOp(node.right, node.op, node.left)
    yield node.left
    yield node.right


def _of_comparison(node: ast.Compare) -> Iterator[ast.AST]:
    for number, operator in enumerate(node.ops):
        for other in _COMPARISONS.get(type(operator), ()):
            changed = [*node.ops[:number], other(), *node.ops[number + 1 :]]
            yield ast.Compare(node.left, changed, node.comparators)
    if len(node.ops) == 2:  # a <= x < b
        yield ast.Compare(node.left, node.ops[:1], node.comparators[:1])
        yield ast.Compare(node.comparators[0], node.ops[1:], node.comparators[1:])


def _of_condition(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for number in range(len(node.values)):
        kept = node.values[:number] + node.values[number + 1 :]
        yield ast.BoolOp(node.op, kept) if len(kept) > 1 else kept[0]


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1) if value else ast.UnaryOp(ast.USub(), ast.Constant(1))
    elif isinstance(value, float):
        yield ast.Constant(value * 2 if value else 1.0)
        yield ast.Constant(value / 2 if value else -1.0)


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    arguments = node.args
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    for number in range(len(arguments) - 1):
        first, second = arguments[number : number + 2]
        if not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred):
            swapped = [*arguments[:number], second, first, *arguments[number + 2 :]]
            yield ast.Call(node.func, swapped, node.keywords)
    for number in range(len(node.keywords)):
        kept = node.keywords[:number] + node.keywords[number + 1 :]
        yield ast.Call(node.func, arguments, kept)
    if name in _CASTS and arguments:
        yield arguments[0]
    if name in _CAST_METHODS and isinstance(node.func, ast.Attribute):
        yield node.func.value
    if name == "range" and not isinstance(arguments[-1], ast.Constant):
        for number, bound in enumerate(arguments[:2]):
            for changed in _one_off(bound):
                yield ast.Call(node.func, [*arguments[:number], changed, *arguments[number + 1 :]], [])
    if len(arguments) > 1 and name in ("max", "min", "maximum", "minimum"):  # the bound left out
        yield from arguments


def _of_name(node: ast.Name | ast.Attribute) -> Iterator[ast.AST]:
    if not isinstance(node.ctx, ast.Load):
        return
    if isinstance(node, ast.Name):
        if node.id in _EXCHANGED:
            yield ast.Name(_EXCHANGED[node.id], node.ctx)
    elif node.attr in _EXCHANGED:
        yield ast.Attribute(node.value, _EXCHANGED[node.attr], node.ctx)
    elif node.attr == "T":
        yield node.value


def _of_subscript(node: ast.Subscript) -> Iterator[ast.AST]:
    whole = node.slice
    parts = list(whole.elts) if isinstance(whole, ast.Tuple) else [whole]
    for number, part in enumerate(parts):
        for changed in _of_slice(part) if isinstance(part, ast.Slice) else ():
            new: list[ast.expr] = [*parts[:number], changed, *parts[number + 1 :]]
            inside = ast.Tuple(new, ast.Load()) if isinstance(whole, ast.Tuple) else new[0]
            yield ast.Subscript(node.value, inside, node.ctx)


def _of_slice(part: ast.Slice) -> Iterator[ast.Slice]:
    lower, upper, step = part.lower, part.upper, part.step
    if lower is not None:
        yield ast.Slice(None, upper, step)
        for bound in _one_off(lower):
            yield ast.Slice(bound, upper, step)
    if upper is not None:
        yield ast.Slice(lower, None, step)
        for bound in _one_off(upper):
            yield ast.Slice(lower, bound, step)
    if step is not None:
        yield ast.Slice(lower, upper, None)


def _one_off(bound: ast.expr) -> Iterator[ast.expr]:
    """A bound that is no constant (those are changed where they stand), one too large and one too small."""
    if not any(isinstance(node, ast.Constant) for node in ast.walk(bound)):
        yield ast.BinOp(bound, ast.Add(), ast.Constant(1))
        yield ast.BinOp(bound, ast.Sub(), ast.Constant(1))


def _of_tuple(node: ast.Tuple) -> Iterator[ast.AST]:
    for number in range(len(node.elts) - 1):
        first, second = node.elts[number : number + 2]
        yield ast.Tuple([*node.elts[:number], second, first, *node.elts[number + 2 :]], node.ctx)


def _of_branch(node: ast.If | ast.IfExp | ast.While) -> Iterator[ast.AST]:
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.If):  # a loop that never ends says nothing
        yield ast.If(ast.Constant(True), node.body, node.orelse)
        yield ast.If(ast.Constant(False), node.body, node.orelse)


# -- spoilt from outside --------------------------------------------------------------------------


@dataclass(frozen=True)
class Usage:
    """What tests give a function and are given by it, as seen on the solution.

    Attributes:
        tests: names of the tests that call it, the nearest first.
        asked: it is called with different arguments.
        given: arrays are among its arguments.
        changeable: arrays, lists or dictionaries are.
        arrays: its answers are arrays, or tuples or lists of some.
        fractions: some of these hold numbers that a float16 cannot hold.
    """

    tests: tuple[str, ...] = ()
    asked: bool = False
    given: bool = False
    changeable: bool = False
    arrays: bool = False
    fractions: bool = False


_WITH_ARRAYS = """
def _through(value, change):
    import numpy as np
    if isinstance(value, np.ndarray):
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)([_through(one, change) for one in value])
    return value
"""
_SPOILERS = {
    "first_answer_kept": (
        "asked",
        """
        kept = []
        def spoilt(*args, **kwargs):
            if not kept:
                kept.append(original(*args, **kwargs))
            return kept[0]
        """,
    ),
    "one_buffer_for_all_answers": (
        "arrays",
        """
        buffers = {}
        def spoilt(*args, **kwargs):
            answer = original(*args, **kwargs)
            number = iter(range(1000))
            def keep(value):
                place = (next(number), value.shape, value.dtype.str)
                buffer = buffers.setdefault(place, value.copy())
                buffer[...] = value
                return buffer
            return _through(answer, keep)
        """,
    ),
    "arguments_read_in_memory_order": (
        "given",
        """
        def spoilt(*args, **kwargs):
            import numpy as np
            def in_memory(value):
                if value.flags.c_contiguous or min(value.strides) <= 0:
                    return value
                steps = np.empty(value.shape, value.dtype).strides
                return np.lib.stride_tricks.as_strided(value, strides=steps).copy()
            named = {name: _through(value, in_memory) for name, value in kwargs.items()}
            return original(*_through(args, in_memory), **named)
        """,
    ),
    "arguments_changed_in_place": (
        "changeable",
        """
        def spoilt(*args, **kwargs):
            import copy
            answer = _through(original(*args, **kwargs), copy.copy)
            for value in (*args, *kwargs.values()):
                if hasattr(value, "flags") and value.size and value.flags.writeable:
                    value.flat[0] = not value.flat[0]
                elif isinstance(value, list):
                    value.reverse()
                elif isinstance(value, dict):
                    value.popitem()
            return answer
        """,
    ),
    "answer_through_float16": (
        "fractions",
        """
        def spoilt(*args, **kwargs):
            def narrow(value):
                return value.astype("float16").astype(value.dtype) if value.dtype.kind == "f" else value
            return _through(original(*args, **kwargs), narrow)
        """,
    ),
}
SPOILERS = tuple(f"@{name}" for name in _SPOILERS)
"""What stands in ``Variant.now`` for a spoilt function."""


def spoilt(function: str, usage: Usage) -> list[Variant]:
    """The function as it is, with one thing around it that is wrong whatever it computes.

    Args:
        function: its name in the solution.
        usage: says which spoilers could be noticed at all.
    """
    made = []
    for name, (condition, body) in _SPOILERS.items():
        if getattr(usage, condition):
            wrapper = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
            source = (
                f"{_WITH_ARRAYS}\n"
                f"def _{name}(original):\n    import functools\n{wrapper}\n"
                f"    return functools.wraps(original)(spoilt)\n\n"
                f"{function} = _{name}({function})\n"
            )
            made.append(Variant(function, "", f"@{name}", source))
    return made
