"""Single changes of a model's source text: another number, a layer dropped or exchanged, a skip broken."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

OTHER_RANK = {
    "Conv2d": "Conv1d",
    "BatchNorm2d": "BatchNorm1d",
    "MaxPool2d": "MaxPool1d",
    "AdaptiveAvgPool2d": "AdaptiveAvgPool1d",
    "Dropout": "Dropout2d",
}


@dataclass(frozen=True, order=True)
class Mutation:
    """A stretch of text and what stands there instead.

    Attributes:
        start, end: offsets in the text.
        row: the line of `start`.
        what: for the reader of a failing test.
    """

    start: int
    end: int
    content: str
    row: int
    what: str

    def applied(self, text: str) -> str:
        return text[: self.start] + self.content + text[self.end :]


@cache
def mutations(text: str) -> list[Mutation]:
    """All single changes of the functions and modules of a file, in the order of their places."""
    return sorted(set(_Mutator(text).found()))


class _Mutator:
    def __init__(self, text: str):
        self.text = text
        self.starts = [0]
        for line in text.encode().split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        assert text.isascii()

    def found(self) -> Iterator[Mutation]:
        for statement in ast.parse(self.text).body:
            functions = []
            if isinstance(statement, ast.ClassDef):
                functions = [item for item in statement.body if isinstance(item, ast.FunctionDef)]
            elif isinstance(statement, ast.FunctionDef):
                functions = [statement]
            for function in functions:
                for line in function.body:
                    yield from self._in_statement(line)

    def _in_statement(self, statement: ast.stmt) -> Iterator[Mutation]:
        deciding = _deciding(statement)
        for node in ast.walk(statement):
            if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)):
                yield from self._dropped_statement(node)
            elif isinstance(node, ast.Call):
                yield from self._in_call(node)
            elif isinstance(node, ast.Constant) and node not in deciding:
                yield from self._other_constant(node)
            elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult, ast.FloorDiv)):
                yield self._replaced(node, self._segment(node.left), "only the left operand")
            elif isinstance(node, (ast.List, ast.Tuple)) and isinstance(node.ctx, ast.Load):
                yield from self._other_items(node, node.elts)

    def _dropped_statement(self, node: ast.Assign | ast.AugAssign | ast.Expr) -> Iterator[Mutation]:
        """`x = self.bn(x)` and `out += identity` left out."""
        if isinstance(node, ast.Assign):
            target = ast.unparse(node.targets[0])
            read = {ast.unparse(item) for item in ast.walk(node.value) if isinstance(item, ast.expr)}
            if target not in read:
                return
        if isinstance(node, ast.Expr) and not (
            isinstance(node.value, ast.Call) and ast.unparse(node.value.func).endswith(("append", "extend"))
        ):
            return
        yield self._replaced(node, "pass", "dropped")

    def _in_call(self, node: ast.Call) -> Iterator[Mutation]:
        if any(isinstance(item, ast.Starred) for item in node.args):
            return
        yield from self._other_items(node, node.args)
        for keyword in node.keywords:
            if keyword.arg is not None and keyword.arg not in ("inplace", "weights", "progress"):
                start = self._offset(keyword.lineno, keyword.col_offset)
                end = self._offset(keyword.end_lineno or 0, keyword.end_col_offset or 0)
                end += 1 if self.text[end : end + 1] == "," else 0
                yield self._change(
                    start, end, "", keyword.lineno, f"without {keyword.arg}= in {self._short(node)}"
                )
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in OTHER_RANK and isinstance(node.func, ast.Attribute):
            other = f"{ast.unparse(node.func.value)}.{OTHER_RANK[name]}"
            yield self._replaced(node.func, other, f"{OTHER_RANK[name]} for {name}")
        if len(node.args) >= 1 and name in ("relu", "flatten", "cat", "mean", "permute", "reshape", "view"):
            inner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if inner is not None and ast.unparse(inner) not in ("torch", "F"):
                yield self._replaced(node, self._segment(inner), f"without {name}")
            else:
                yield self._replaced(node, self._segment(node.args[0]), f"without {name}")

    def _other_items(self, parent: ast.expr, items: list[ast.expr]) -> Iterator[Mutation]:
        """Neighbours exchanged; a layer of a list dropped."""
        for first, second in pairwise(items):
            content = self._segment(second) + self._between(first, second) + self._segment(first)
            if self._segment(first) != self._segment(second):
                what = f"{self._short(first)} and {self._short(second)} exchanged"
                yield self._change(self._start(first), self._end(second), content, first.lineno, what)
        if len(items) > 1:
            for item, following in pairwise(items):
                if isinstance(item, ast.Call):
                    what = f"without {self._short(item)}"
                    yield self._change(self._start(item), self._start(following), "", item.lineno, what)

    def _other_constant(self, node: ast.Constant) -> Iterator[Mutation]:
        value = node.value
        if isinstance(value, bool):
            yield self._replaced(node, str(not value), f"{value} → {not value}")
        elif isinstance(value, int) and value < 10_000:
            for other in sorted({value + 1, value // 2, 3, value * 2} - {value}):
                yield self._replaced(node, str(other), f"{value} → {other}")

    # -- places

    def _replaced(self, node: ast.AST, content: str, what: str) -> Mutation:
        row = node.lineno  # type: ignore[attr-defined]
        return self._change(self._start(node), self._end(node), content, row, what)

    def _change(self, start: int, end: int, content: str, row: int, what: str) -> Mutation:
        return Mutation(start, end, content, row, f"line {row}: {what}")

    def _offset(self, row: int, column: int) -> int:
        return self.starts[row - 1] + column

    def _start(self, node: ast.AST) -> int:
        return self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def _end(self, node: ast.AST) -> int:
        return self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _segment(self, node: ast.AST) -> str:
        return self.text[self._start(node) : self._end(node)]

    def _between(self, first: ast.AST, second: ast.AST) -> str:
        return self.text[self._end(first) : self._start(second)]

    def _short(self, node: ast.AST) -> str:
        return " ".join(self._segment(node).split())[:50]


def _deciding(statement: ast.stmt) -> set[ast.AST]:
    """What stands in comparisons and subscripts, where a number decides rather than sizes."""
    deciding = (ast.Compare, ast.Subscript, ast.JoinedStr, ast.Raise, ast.Assert)
    return {node for other in ast.walk(statement) if isinstance(other, deciding) for node in ast.walk(other)}
