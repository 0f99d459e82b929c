"""Edits that say a change of the architecture in the user's own text.

Each function gives the edits for one change, or None where the text is not of a form in which it is
certain what to write (a comment would be lost, a name is not imported, a call is not what it seems).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache

from cnnlint.diagnostic import Applicability, Edit, Fix, Span
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint.source.file import SourceFile
from cnnlint.source.names import Imports
from cnnlint.traces import Layer, Operation

Edits = tuple[Edit, ...]

ATOMS = (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant, ast.List, ast.Dict, ast.ListComp)
"""Expressions that a method call can follow without parentheses."""


def unsafe_fix(message: str, edits: Edits | None) -> Fix | None:
    """A fix that has to be looked at; None without edits."""
    return Fix(Applicability.UNSAFE, message, edits) if edits else None


class Code:
    """The syntax tree of a file, asked by places."""

    def __init__(self, file: SourceFile):
        self.file = file
        self.imports = Imports(file.tree)
        self.parents: dict[ast.AST, ast.AST] = {}
        self._calls: dict[Span, ast.Call] = {}
        for node in ast.walk(file.tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
            if isinstance(node, ast.Call):
                self._calls[file.span(node)] = node

    def call(self, span: Span | None) -> ast.Call | None:
        """The call that fills a span."""
        return self._calls.get(span) if span is not None else None

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def text(self, node: ast.AST) -> str:
        """The text of a node."""
        return self.file.segment(self.file.span(node))

    def between(self, first: ast.AST, second: ast.AST) -> Span:
        """From the end of a node to the start of a later one."""
        one, other = self.file.span(first), self.file.span(second)
        return Span(one.filename, one.end_row, one.end_column, other.row, other.column)

    def start(self, node: ast.AST) -> Span:
        """The place before a node."""
        span = self.file.span(node)
        return Span(span.filename, span.row, span.column, span.row, span.column)

    def end(self, node: ast.AST) -> Span:
        """The place behind a node."""
        span = self.file.span(node)
        return Span(span.filename, span.end_row, span.end_column, span.end_row, span.end_column)

    def name_of(self, meaning: str) -> str | None:
        """How the file can write `torch.nn.functional`: by the shortest name that its imports give."""
        found = [
            alias + meaning[len(root) :]
            for alias, root in self.imports.table.items()
            if meaning == root or meaning.startswith(f"{root}.")
        ]
        return min(found, key=len, default=None)

    def element(self, node: ast.AST) -> list[ast.expr] | None:
        """The elements among which a node stands in an `nn.Sequential(…)`, or in the list that is handed
        to one as `*[…]`."""
        parent = self.parents.get(node)
        if isinstance(parent, ast.List):
            star = self.parents.get(parent)
            around = self.parents.get(star) if isinstance(star, ast.Starred) else None
            return parent.elts if self._is_sequential(around) else None
        return parent.args if isinstance(parent, ast.Call) and self._is_sequential(parent) else None

    def _is_sequential(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Call) and self.imports.qualified(node.func) == "torch.nn.Sequential"


@lru_cache(maxsize=16)
def _code(file: SourceFile) -> Code:
    return Code(file)


def code(trace: Trace) -> Code | None:
    """The syntax of the file that a trace is of."""
    return _code(trace.source) if trace.source is not None else None


# -- arguments


def set_argument(
    trace: Trace, call: Span | None, name: str, value: object, position: int | None = None
) -> Edits | None:
    """An argument of a call: the written one replaced, by its name or its position, else `name=value`
    behind the others."""
    syntax = code(trace)
    node = syntax.call(call) if syntax else None
    if syntax is None or node is None or any(isinstance(item, ast.Starred) for item in node.args):
        return None
    written = next((item.value for item in node.keywords if item.arg == name), None)
    if written is None and position is not None and position < len(node.args):
        written = node.args[position]
    if written is not None:
        return (Edit(syntax.file.span(written), str(value)),)
    if any(item.arg is None for item in node.keywords):
        return None
    return _appended(syntax, node, f"{name}={value}")


def _appended(syntax: Code, node: ast.Call, argument: str) -> Edits | None:
    given = sorted(
        (*node.args, *(item.value for item in node.keywords)),
        key=lambda item: (item.end_lineno or 0, item.end_col_offset or 0),
    )
    if not given:
        end = syntax.end(node)
        inside = Span(end.filename, end.row, end.column - 1, end.row, end.column - 1)
        return (Edit(inside, argument),)
    rest = syntax.file.segment(_until(syntax.end(given[-1]), syntax.end(node)))
    if rest.strip(" \t\n,") != ")":
        return None  # a comment, or parentheses of its own
    return (Edit(syntax.end(given[-1]), f", {argument}"),)


def set_layer_argument(trace: Trace, layer: Layer | None, name: str, value: object) -> Edits | None:
    """An argument of the call that constructs a layer, and only it."""
    if layer is None or not layer.sites:
        return None
    site = layer.sites[0]
    written = next((item for item in site.arguments if item.name == name), None)
    if written is not None:
        return (Edit(written.span, str(value)),)
    return set_argument(trace, site.span, name, value)


# -- operators


def renamed(trace: Trace, operation: Operation, name: str, layer_name: str | None = None) -> Edits | None:
    """Another function in the place of an operator (`reshape` for `view`); `layer_name` is the class to
    construct where the operator is a layer."""
    syntax, layer = code(trace), own_layer(trace, operation)
    if syntax is None:
        return None
    if layer is not None:
        node = syntax.call(layer.sites[0].span) if layer.sites and layer_name else None
        return _last_name(syntax, node.func, str(layer_name)) if node is not None else None
    node = _own_call(syntax, operation, None)
    return _last_name(syntax, node.func, name) if node is not None else None


def called(trace: Trace, operation: Operation, text: str) -> Edits | None:
    """A method call in the place of another: `flatten(1)` for `view(-1, 400)`, of the same tensor. A
    function call (`torch.reshape(x, (-1, 400))`) becomes a method call."""
    syntax = code(trace)
    node = _own_call(syntax, operation, None) if syntax else None
    if syntax is None or node is None:
        return None
    operand = _operand(syntax, node, None)
    if operand is None:
        return None
    if isinstance(node.func, ast.Attribute) and operand is node.func.value:
        span = syntax.file.span(node)
        start = syntax.end(node.func)
        place = Span(
            span.filename, start.row, start.column - len(node.func.attr), span.end_row, span.end_column
        )
        return _checked(syntax, (Edit(place, text),))
    return _checked(
        syntax,
        (
            Edit(
                _until(syntax.start(node), syntax.start(operand)), "" if isinstance(operand, ATOMS) else "("
            ),
            Edit(
                _until(syntax.end(operand), syntax.end(node)),
                f".{text}" if isinstance(operand, ATOMS) else f").{text}",
            ),
        ),
    )


def without(trace: Trace, operation: Operation) -> Edits | None:
    """An operator taken out, so that its input goes where its result went: an element of an
    `nn.Sequential`, else its call in forward."""
    syntax, layer = code(trace), own_layer(trace, operation)
    if syntax is None:
        return None
    if layer is not None and layer.sites:
        node = syntax.call(layer.sites[0].span)
        if node is not None and (elements := syntax.element(node)) is not None:
            return _dropped(syntax, elements, node)
    node = _own_call(syntax, operation, layer)
    operand = _operand(syntax, node, layer) if node is not None else None
    return _unwrapped(syntax, node, operand) if node is not None and operand is not None else None


def before(trace: Trace, operation: Operation, layers: Sequence[str], method: str) -> Edits | None:
    """Something done to the input of a layer: in an `nn.Sequential` the `layers` of torch.nn (`Flatten()`)
    in front of it, else `.method` on its argument in forward."""
    syntax, layer = code(trace), own_layer(trace, operation)
    if syntax is None:
        return None
    if layer is not None and layer.sites:
        node = syntax.call(layer.sites[0].span)
        if node is not None and syntax.element(node) is not None:
            name = syntax.name_of("torch.nn")
            line = syntax.file.lines[node.lineno - 1]
            indent = line[: syntax.start(node).column - 1]
            separator = f",\n{indent}" if not indent.strip() else ", "
            text = "".join(f"{name}.{item}{separator}" for item in layers)
            return (Edit(syntax.start(node), text),) if name else None
    node = _own_call(syntax, operation, layer)
    operand = _operand(syntax, node, layer) if node is not None else None
    if operand is None:
        return None
    if isinstance(operand, ATOMS):
        return (Edit(syntax.end(operand), f".{method}"),)
    return (Edit(syntax.start(operand), "("), Edit(syntax.end(operand), f").{method}"))


def swapped(trace: Trace, outer: Operation, inner: Operation) -> Edits | None:
    """Two layers of which one is directly applied to the result of the other, in the other order."""
    syntax = code(trace)
    layers = own_layer(trace, outer), own_layer(trace, inner)
    if syntax is None or layers[0] is None or layers[1] is None:
        return None
    sites = [syntax.call(layer.sites[0].span) if layer.sites else None for layer in layers if layer]
    first, second = sites
    if first is not None and second is not None and (elements := syntax.element(first)) is not None:
        if elements is not syntax.element(second) and second not in elements:
            return None
        return (
            Edit(syntax.file.span(first), syntax.text(second)),
            Edit(syntax.file.span(second), syntax.text(first)),
        )
    one, other = _own_call(syntax, outer, layers[0]), _own_call(syntax, inner, layers[1])
    if one is None or other is None or _operand(syntax, one, layers[0]) is not other:
        return None
    return (
        Edit(syntax.file.span(one.func), syntax.text(other.func)),
        Edit(syntax.file.span(other.func), syntax.text(one.func)),
    )


def loss_renamed(trace: Trace, place: Span, names: dict[str, str]) -> Edits | None:
    """Another loss in a call of one: `names` maps the last names that it may have."""
    syntax = code(trace)
    node = syntax.call(place) if syntax else None
    if syntax is None or node is None:
        return None
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return _last_name(syntax, node.func, names[name]) if name in names else None


def interpolated(trace: Trace, operation: Operation, index: int, other: int) -> Edits | None:
    """In `torch.cat([a, b], 1)` the element `index` resized to the map of the element `other`."""
    syntax = code(trace)
    node = _own_call(syntax, operation, None) if syntax else None
    if syntax is None or node is None:
        return None
    functional = syntax.name_of("torch.nn.functional")
    items = node.args[0].elts if node.args and isinstance(node.args[0], (ast.List, ast.Tuple)) else []
    if functional is None or max(index, other) >= len(items) or not isinstance(items[other], ast.Name):
        return None
    size = f"{syntax.text(items[other])}.shape[2:]"
    return (
        Edit(syntax.start(items[index]), f"{functional}.interpolate("),
        Edit(syntax.end(items[index]), f", size={size})"),
    )


def in_module_list(trace: Trace, layer: Layer) -> Edits | None:
    """A list (or dict) of layers that is kept in an attribute, made an `nn.ModuleList` (`nn.ModuleDict`)."""
    syntax = code(trace)
    node = syntax.call(layer.sites[0].span) if syntax and layer.sites else None
    name = syntax.name_of("torch.nn") if syntax else None
    attribute = next((part for part in layer.path.split(".")[::-1][1:]), None)
    if syntax is None or node is None or name is None or attribute is None:
        return None
    around = next((item for item in syntax.above(node) if isinstance(item, ast.ClassDef)), None)
    for item in ast.walk(around) if around is not None else ():
        if not isinstance(item, (ast.Assign, ast.AnnAssign)) or item.value is None:
            continue
        targets = item.targets if isinstance(item, ast.Assign) else [item.target]
        if not any(isinstance(each, ast.Attribute) and each.attr == attribute for each in targets):
            continue
        if isinstance(item.value, (ast.List, ast.ListComp, ast.Tuple)):
            kind = "ModuleList"
        elif isinstance(item.value, (ast.Dict, ast.DictComp)):
            kind = "ModuleDict"
        else:
            return None
        if isinstance(item.value, (ast.List, ast.Dict)) and syntax.text(item.value) in ("[]", "{}"):
            return (Edit(syntax.file.span(item.value), f"{name}.{kind}()"),)
        return (Edit(syntax.start(item.value), f"{name}.{kind}("), Edit(syntax.end(item.value), ")"))
    return None


# -- the forms of calls


def _own_call(syntax: Code, operation: Operation, layer: Layer | None) -> ast.Call | None:
    """The call in forward that is the operator: `F.relu(x)`, `x.relu()`, or `self.act(x)` for a layer."""
    node = syntax.call(operation.calls[0]) if operation.calls else None
    if node is None:
        return None
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    own = layer.path.rpartition(".")[2] if layer is not None else operation.name
    return node if name.rstrip("_") == own.rstrip("_") else None


def _operand(syntax: Code, node: ast.Call, layer: Layer | None) -> ast.expr | None:
    """The expression that an operator is applied to: its first argument, or what its method is of."""
    is_method = (
        isinstance(node.func, ast.Attribute) and layer is None and not syntax.imports.is_imported(node.func)
    )
    if is_method:
        return node.func.value  # type: ignore[attr-defined]
    if node.args and not isinstance(node.args[0], ast.Starred):
        return node.args[0]
    return next((item.value for item in node.keywords if item.arg == "input"), None)


def _unwrapped(syntax: Code, node: ast.Call, operand: ast.expr) -> Edits | None:
    front, back = (
        _until(syntax.start(node), syntax.start(operand)),
        _until(syntax.end(operand), syntax.end(node)),
    )
    one_line = node.lineno == node.end_lineno
    bare = isinstance(operand, ATOMS) and (
        one_line or (operand.lineno == node.lineno and operand.end_lineno == node.end_lineno)
    )
    return _checked(syntax, (Edit(front, "" if bare else "("), Edit(back, "" if bare else ")")))


def _dropped(syntax: Code, elements: list[ast.expr], node: ast.expr) -> Edits | None:
    at = elements.index(node)
    span = syntax.file.span(node)
    before = syntax.file.lines[span.row - 1][: span.column - 1]
    behind = syntax.file.lines[span.end_row - 1][span.end_column - 1 :]
    if not before.strip() and behind.strip() in ("", ",") and len(elements) > 1 and (behind.strip() or at):
        return (Edit(Span(span.filename, span.row, 1, span.end_row + 1, 1), ""),)
    ends_line = behind.strip() in ("", ",") and at > 0 and elements[at - 1].end_lineno == node.lineno
    if at + 1 < len(elements) and not ends_line:
        return _checked(syntax, (Edit(_until(syntax.start(node), syntax.start(elements[at + 1])), ""),))
    if at:
        return _checked(syntax, (Edit(_until(syntax.end(elements[at - 1]), syntax.end(node)), ""),))
    return None


def _last_name(syntax: Code, function: ast.expr, name: str) -> Edits | None:
    """Another last part of a dotted name. A bare name was imported by itself, and the other is not."""
    if not isinstance(function, ast.Attribute):
        return None
    end = syntax.end(function)
    return (Edit(Span(end.filename, end.row, end.column - len(function.attr), end.row, end.column), name),)


def _checked(syntax: Code, edits: Edits) -> Edits | None:
    """The edits, where they do away with no comment."""
    return None if any("#" in syntax.file.segment(edit.span) for edit in edits) else edits


def _until(start: Span, end: Span) -> Span:
    return Span(start.filename, start.row, start.column, end.row, end.column)
