"""What comments say of models: `# cnnlint: input=3x32x32`, `# cnnlint: model=Net(10)`."""

from __future__ import annotations

import ast
import re
from math import prod

from cnnlint.evidence.facts import Construction, InputEvidence, InputShape
from cnnlint.source.comments import Directive, scan
from cnnlint.source.expressions import Expression
from cnnlint.source.file import SourceFile
from cnnlint.source.names import BUILTINS, needs
from cnnlint.traces import Problem

DTYPES = {
    "float": "float32",
    "half": "float16",
    "double": "float64",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "byte": "uint8",
} | {
    name: name
    for name in """float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 bool complex64
    complex128""".split()
}

MOST_ELEMENTS = 2**32
"""A larger sample than this is taken for a slip."""

NAMES = ("input", "model", "ignore", "skip-file")
FORM = "write it as # cnnlint: input=3x32x32 (several inputs with commas between, :int64 behind for a dtype)"


def parse_input(text: str) -> InputShape:
    """`3x32x32`, `10:int64`, `scalar`, `scalar:int64` as a shape per sample.

    Raises:
        ValueError: the text is something else; the message is for the user.
    """
    shape_text, colon, dtype_text = text.strip().partition(":")
    dtype = DTYPES.get(dtype_text.strip().removeprefix("torch.")) if colon else "float32"
    if dtype is None:
        raise ValueError(
            f"{dtype_text.strip()!r} is no dtype: write float32, float16, int64 or another of torch's names"
        )
    shape_text = shape_text.strip()
    if not shape_text:
        raise ValueError("the input is empty: write its shape without the batch, such as 3x32x32, or scalar")
    if shape_text == "scalar":
        return InputShape((), dtype)
    sizes = []
    for part in re.split("[xX×]", shape_text):
        part = part.strip()
        if not re.fullmatch(r"[+-]?[0-9]+", part):
            raise ValueError(
                f"{shape_text!r} is no shape: {part!r} is not a number; "
                "write the sizes without the batch and with x between them, such as 3x32x32"
            )
        size = int(part)
        if size < 1:
            raise ValueError(f"{shape_text!r} has a size of {size}: every size must be at least 1")
        sizes.append(size)
    if prod(sizes) > MOST_ELEMENTS:
        raise ValueError(f"{shape_text!r} is too big: a sample of {prod(sizes):,} numbers")
    return InputShape(tuple(sizes), dtype)


def parse_inputs(text: str) -> tuple[InputShape, ...]:
    """Several inputs with commas between. Raises ValueError as `parse_input` does."""
    return tuple(parse_input(part) for part in text.split(","))


class Directives:
    """The directives of a file, as they apply to its models."""

    def __init__(self, file: SourceFile):
        self.file = file
        self._problems: list[Problem] = []
        self._models: list[tuple[str, Construction]] = []
        self._inputs: list[tuple[Directive, InputEvidence]] = []
        for directive in scan(file):
            if directive.name == "input":
                self._add_input(directive)
            elif directive.name == "model":
                self._add_model(directive)
            elif directive.name not in NAMES:
                known = ", ".join(NAMES)
                self._complain(directive, f"{directive.name!r} is no comment that cnnlint knows ({known})")

    def problems(self, known: set[str]) -> tuple[Problem, ...]:
        """What is wrong with the comments; `known` are the models that the file has."""
        unknown = [
            Problem(
                "input-unknown",
                f"the comment builds {name!r}, but the file has no model of that name",
                construction.expression.span,
                help="name a class or a factory function of this file: # cnnlint: model=Net(10)",
            )
            for name, construction in self._models
            if name not in known
        ]
        return (*self._problems, *unknown)

    def named_models(self) -> set[str]:
        """The models that comments ask for."""
        return {name for name, _ in self._models}

    def model(self, name: str) -> tuple[Construction, ...]:
        """The constructions of a model that comments give."""
        return tuple(construction for named, construction in self._models if named == name)

    def inputs(self, node: ast.AST, models: list[ast.AST]) -> tuple[InputEvidence, ...]:
        """The inputs that comments give for the model defined by `node`: those at its definition, else
        those that stand at no model's definition."""
        own = [evidence for directive, evidence in self._inputs if self._at(directive, node)]
        if own:
            return tuple(own)
        return tuple(
            evidence
            for directive, evidence in self._inputs
            if not any(self._at(directive, other) for other in models)
        )

    def _at(self, directive: Directive, node: ast.AST) -> bool:
        """Whether a directive stands in or directly above a definition."""
        first = min([node, *getattr(node, "decorator_list", [])], key=lambda item: item.lineno).lineno
        while first > 1 and self.file.lines[first - 2].lstrip().startswith("#"):
            first -= 1
        return first <= directive.span.row <= node.end_lineno  # type: ignore[attr-defined]

    def _add_input(self, directive: Directive) -> None:
        text = (directive.value or "").partition("#")[0]
        try:
            shapes = parse_inputs(text)
        except ValueError as error:
            self._complain(directive, str(error))
            return
        reason = f"cnnlint comment in {self.file.line(directive.span.row)}"
        self._inputs.append((directive, InputEvidence("comment", reason, directive.span, shapes)))

    def _add_model(self, directive: Directive) -> None:
        text = directive.value or ""
        try:
            node: ast.expr | None = ast.parse(
                text, mode="eval"
            ).body  # a comment behind it is Python's to skip
        except (SyntaxError, ValueError):
            node = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            call = ast.get_source_segment(text, node) or text
            expression = Expression(call, "", needs(node).names - BUILTINS, directive.span)
            reason = f"cnnlint comment in {self.file.line(directive.span.row)}"
            self._models.append((node.func.id, Construction(expression, "comment", reason)))
            return
        self._complain(directive, "a model is given by the call that builds it: # cnnlint: model=Net(10)")

    def _complain(self, directive: Directive, message: str) -> None:
        self._problems.append(Problem("input-unknown", message, directive.span, help=FORM))
