"""Shapes that are written beside `forward`: annotations, comments, docstrings, configured sizes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cnnlint.diagnostic import Span
from cnnlint.evidence.facts import InputEvidence, InputShape
from cnnlint.evidence.models import Models
from cnnlint.source.file import SourceFile
from cnnlint.source.names import FunctionDef, Imports

BATCH = re.compile(r"(?:n|b|bs|bsz|batch|batch_?size|none|num_samples|-1|\?)", re.IGNORECASE)
_BRACKETED = re.compile(r"[(\[]\s*([\w?-]+(?:\s*,\s*[\w?.-]+)+)\s*,?\s*[)\]]")
_CROSSED = re.compile(r"\b([A-Za-z]\w*(?:\s*[x×]\s*\d+){2,4})\b")
_OUTPUT = re.compile(r"\b(?:returns?|outputs?|out)\b|->|→", re.IGNORECASE)
_INPUT = re.compile(r"\b(?:inputs?|images?)\b", re.IGNORECASE)

INTEGER_ANNOTATIONS = frozenset({"Int", "Int64", "Integer", "Long", "UInt"})
FLOAT_ANNOTATIONS = frozenset({"Float", "Float32", "Shaped", "Num", "Real", "Inexact", "Array"})


class ShapeReader:
    """Reads the shapes of inputs off the text of the model classes."""

    def __init__(self, file: SourceFile, imports: Imports, models: Models):
        self.file = file
        self.imports = imports
        self.models = models

    def of(self, name: str) -> list[InputEvidence]:
        """What stands at the `forward` of a class, or in an attribute of its own."""
        found = [*self._class_attributes(name)]
        forward = self.models.method(name, "forward")
        if forward is not None:
            found += [*self._annotations(forward), *self._signature_comments(forward)]
            found += [*self._docstring(forward), *self._leading_comments(forward)]
            found += self._first_arrow(forward)
        found += self._above(name)
        return found

    def configured(self) -> Iterator[InputEvidence]:
        """`'input_size': (3, 224, 224)` in dictionaries, where all that the file has agree."""
        sizes: dict[tuple[int, ...], ast.expr] = {}
        for node in ast.walk(self.file.tree) if "input_size" in self.file.text else ():
            if isinstance(node, ast.Dict):
                pairs = [
                    (key.value, value)
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant)
                ]
            elif isinstance(node, ast.Call):
                pairs = [(item.arg, item.value) for item in node.keywords]
            else:
                continue
            for key, value in pairs:
                shape = _integers(value) if key == "input_size" else None
                if shape is not None and len(shape) == 3 and "summary" not in ast.unparse(node)[:40]:
                    sizes.setdefault(shape, value)
        if len(sizes) == 1:
            for shape, value in sizes.items():
                reason = f"input_size in {self.file.line(value.lineno)}"
                yield InputEvidence(
                    "evidence", reason, self.file.span(value), (InputShape(shape),), general=True
                )

    def _class_attributes(self, name: str) -> Iterator[InputEvidence]:
        for node in self.models.chain(name)[:1]:
            for statement in node.body:
                if not isinstance(statement, ast.Assign):
                    continue
                names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
                shape = _integers(statement.value)
                if shape is not None and len(shape) == 3 and {"input_size", "input_shape"} & set(names):
                    reason = f"{names[0]} in {self.file.line(statement.lineno)}"
                    yield self._whole(shape, "float32", reason, self.file.span(statement.value))

    def _annotations(self, forward: FunctionDef) -> Iterator[InputEvidence]:
        """jaxtyping and torchtyping: `Float[Tensor, "b 3 32 32"]`, `TensorType["b", 3, 32, 32]`."""
        parameters = [*forward.args.posonlyargs, *forward.args.args][1:]
        required = parameters[: len(parameters) - len(forward.args.defaults)]
        read = [_annotated(parameter.annotation) for parameter in required]
        if not read or any(item is None for item in read):
            return
        first = required[0].annotation
        assert first is not None
        reason = f"the annotation in {self.file.line(first.lineno)}"
        shapes = [item for item in read if item is not None]
        if all(isinstance(size, int) for dims, _ in shapes for size in dims):
            whole = tuple(InputShape(tuple(int(size) for size in dims), dtype) for dims, dtype in shapes)
            yield InputEvidence("evidence", reason, self.file.span(first), whole)
        elif len(shapes) == 1:
            yield from _partial(shapes[0][0], reason, self.file.span(first))

    def _signature_comments(self, forward: FunctionDef) -> Iterator[InputEvidence]:
        """`def forward(self, x):  # (N, 3, 32, 32)`."""
        for row in range(forward.lineno, forward.body[0].lineno):
            code, mark, comment = self.file.lines[row - 1].partition("#")
            if mark and code.strip() and not _OUTPUT.search(comment) and _is_single(forward):
                yield from self._written(comment, row, len(code) + 1, general=False)

    def _leading_comments(self, forward: FunctionDef) -> Iterator[InputEvidence]:
        """Comments between the signature and the first statement. One that does not name the input may
        speak of the first layer's result."""
        body = forward.body[1:] if ast.get_docstring(forward) is not None else forward.body
        if not body or not _is_single(forward):
            return
        name = forward.args.args[1].arg if len(forward.args.args) > 1 else ""
        start = forward.body[0].end_lineno if body is not forward.body else forward.lineno
        for row in range((start or 0) + 1, body[0].lineno):
            line = self.file.lines[row - 1]
            if line.lstrip().startswith("#") and not _OUTPUT.search(line):
                named = re.search(rf"\b(?:input|{re.escape(name)})\b", line, re.IGNORECASE) is not None
                found = list(self._written(line, row, 0, general=not named))
                if found:
                    yield found[0]
                    return

    def _docstring(self, forward: FunctionDef) -> Iterator[InputEvidence]:
        """The line of the docstring that speaks of the input."""
        if ast.get_docstring(forward) is None or not _is_single(forward):
            return
        text = forward.body[0]
        name = forward.args.args[1].arg if len(forward.args.args) > 1 else "input"
        about_input = re.compile(rf"\b(?:input|inputs|{re.escape(name)})\b", re.IGNORECASE)
        for row in range(text.lineno, (text.end_lineno or text.lineno) + 1):
            line = re.split("->|→", self.file.lines[row - 1])[0]
            if re.search(r"\b(?:returns?|outputs?)\b", line, re.IGNORECASE):
                return
            if about_input.search(line):
                found = list(self._written(line, row, 0, general=False))
                if found:
                    yield found[0]
                    return

    def _first_arrow(self, forward: FunctionDef) -> Iterator[InputEvidence]:
        """`x = self.conv(x)  # (N, 3, 32, 32) -> (N, 8, 30, 30)`: what the first statement begins with."""
        body = forward.body[1:] if ast.get_docstring(forward) is not None else forward.body
        if not body or not _is_single(forward):
            return
        row = body[0].end_lineno or body[0].lineno
        code, _, comment = self.file.lines[row - 1].partition("#")
        before, arrow, _ = comment.replace("→", "->").partition("->")
        if arrow:
            yield from self._written(before, row, len(code) + 1, general=True)

    def _above(self, name: str) -> Iterator[InputEvidence]:
        """The line that speaks of the input in the comments above a class and in its docstrings."""
        node = self.models.chain(name)[0]
        rows = list(self._comment_rows(node))
        init = self.models.method(name, "__init__")
        for holder in (node, init) if init in node.body else (node,):
            if holder is not None and ast.get_docstring(holder) is not None:
                text = holder.body[0]
                rows += range(text.lineno, (text.end_lineno or text.lineno) + 1)
        for row in rows:
            line = re.split("->|→", self.file.lines[row - 1])[0]
            if _INPUT.search(line) and not re.search(r"\boutputs?\b.*\binputs?\b", line, re.IGNORECASE):
                found = list(self._written(line, row, 0, general=True))
                if found:
                    yield found[0]
                    return

    def _comment_rows(self, node: ast.ClassDef) -> Iterator[int]:
        """The rows of comments that stand directly above a class."""
        row = min([node.lineno, *(item.lineno for item in node.decorator_list)]) - 1
        while row > 0 and self.file.lines[row - 1].lstrip().startswith("#"):
            yield row
            row -= 1

    def _written(self, text: str, row: int, offset: int, general: bool) -> Iterator[InputEvidence]:
        """A shape that is written out with its batch: `(N, 3, 32, 32)`, `B x 3 x 32 x 32`."""
        for match in (_BRACKETED.search(text), _CROSSED.search(text)):
            if match is None:
                continue
            parts = [part.strip() for part in re.split(r"[,x×]" if "," not in match[1] else ",", match[1])]
            if not BATCH.fullmatch(parts[0]) and not (
                len(parts) > 3 and all(part.isdigit() for part in parts)
            ):
                continue
            dims = tuple(int(part) if part.isdigit() else part for part in parts[1:])
            column = offset + match.start() + 1
            span = Span(self.file.filename, row, column, row, column + len(match[0]))
            reason = f"{match[0]} in {self.file.line(row)}"
            if all(isinstance(size, int) and size > 0 for size in dims):
                shape = InputShape(tuple(int(size) for size in dims))
                yield InputEvidence("evidence", reason, span, (shape,), general=general)
            else:
                yield from _partial(dims, reason, span)
            return

    def _whole(self, shape: tuple[int, ...], dtype: str, reason: str, span: Span) -> InputEvidence:
        return InputEvidence("evidence", reason, span, (InputShape(shape, dtype),))


def _is_single(forward: FunctionDef) -> bool:
    """Whether forward has one input that must be given."""
    return len(forward.args.args) - len(forward.args.defaults) == 2


def _integers(node: ast.expr) -> tuple[int, ...] | None:
    if not isinstance(node, (ast.Tuple, ast.List)):
        return None
    values = [item.value for item in node.elts if isinstance(item, ast.Constant)]
    sizes = [value for value in values if isinstance(value, int) and value > 0]
    return tuple(sizes) if sizes and len(sizes) == len(node.elts) else None


def _annotated(annotation: ast.expr | None) -> tuple[tuple[int | str, ...], str] | None:
    """The sizes behind the batch, as numbers or names, and the dtype."""
    if not isinstance(annotation, ast.Subscript):
        return None
    kind = (
        annotation.value.attr
        if isinstance(annotation.value, ast.Attribute)
        else getattr(annotation.value, "id", "")
    )
    items = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    words: list[str] = []
    if kind in INTEGER_ANNOTATIONS | FLOAT_ANNOTATIONS and len(items) == 2:
        if not isinstance(items[1], ast.Constant) or not isinstance(items[1].value, str):
            return None
        words = items[1].value.split()
    elif kind == "TensorType":
        words = [str(item.value) for item in items if isinstance(item, ast.Constant)]
    if not words or any(word.startswith(("...", "*")) for word in words):
        return None
    dims = tuple(
        int(word.rpartition("=")[2]) if word.rpartition("=")[2].isdigit() else word for word in words[1:]
    )
    return dims, "int64" if kind in INTEGER_ANNOTATIONS else "float32"


def _partial(dims: tuple[int | str, ...], reason: str, span: Span) -> Iterator[InputEvidence]:
    """What a shape with names in it still says: the channels, or the size."""
    if len(dims) < 2:
        return
    channels = dims[0] if isinstance(dims[0], int) else None
    size = tuple(item for item in dims[1:] if isinstance(item, int))
    if channels is not None and not size:
        yield InputEvidence("evidence", reason, span, channels_only=channels)
    elif channels is None and len(size) == len(dims) - 1:
        yield InputEvidence("evidence", reason, span, size_only=size)
