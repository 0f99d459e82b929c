"""Tensors that a file makes from sizes (`torch.randn(1, 3, 32, 32)`), followed to where they are used."""

from __future__ import annotations

import ast
import copy
from typing import NamedTuple

from cnnlint.source.datasets import DatasetReader
from cnnlint.source.expressions import Expressions
from cnnlint.source.facts import Expression
from cnnlint.source.names import Imports
from cnnlint.source.scopes import Scopes, Use

FACTORIES = frozenset(
    "randn rand zeros ones empty full randint randperm arange linspace eye normal tensor".split()
)
"""Functions of torch that make a tensor from numbers."""

ARRAY_FACTORIES = frozenset(
    "zeros ones rand randn random random_sample empty full randint normal uniform".split()
)
"""Functions of numpy and numpy.random that make an array from sizes."""

CONVERSIONS = frozenset(
    {"torch.from_numpy", "torch.tensor", "torch.as_tensor", "torch.FloatTensor", "torch.Tensor"}
)

LIKE = frozenset(
    {"torch.zeros_like", "torch.ones_like", "torch.rand_like", "torch.randn_like", "torch.empty_like"}
)

SIZE_LAST = {"randint": 2, "full": 0, "normal": 2}
"""The position of the size among the arguments, where it is not the first."""

MOVES = frozenset(
    "to cuda cpu requires_grad_ detach clone contiguous pin_memory normal_ uniform_ fill_".split()
)
"""Methods that leave shape and dtype as they are (`to` only with a device)."""

RESHAPES = frozenset(
    """view reshape unsqueeze squeeze permute transpose repeat expand flatten swapaxes movedim tile
    unflatten""".split()
)

RETYPES = frozenset("float half double long int bool byte bfloat16 type".split())

DEVICE_KEYWORDS = frozenset({"device", "pin_memory", "requires_grad", "generator", "out"})


class Source(NamedTuple):
    """How a tensor is made: `node` evaluates to it in the scope of `root`, the call that makes it.

    `sample` is whether it stands for a batch of one that a data loader gives.
    """

    node: ast.expr
    root: Use
    reshaped: bool = False
    sample: bool = False


class Tensors:
    """Finds how the tensors of a file are made."""

    def __init__(self, imports: Imports, scopes: Scopes, expressions: Expressions, datasets: DatasetReader):
        self.imports = imports
        self.scopes = scopes
        self.expressions = expressions
        self.datasets = datasets

    def source(self, use: Use, depth: int = 0) -> Source | None:
        """The making of a tensor; None where the text does not say it."""
        if depth > 8:
            return None
        for value in self.scopes.values(*use):
            found = self._source_of_value(value, depth)
            if found is not None:
                return found
        return None

    def expression(self, source: Source) -> Expression | None:
        """The tensor as an expression; None where its sizes hang on what the text does not say."""
        node = source.node if source.reshaped else _any_batch(source.node, source.root.node)
        return self.expressions.make(source.root, node)

    def _source_of_value(self, use: Use, depth: int) -> Source | None:
        node = use.node
        if isinstance(node, ast.Call):
            return self._call(use, node, depth)
        if isinstance(node, ast.BinOp):
            return self._operand(use, node, depth)
        images = self._images(use)
        if images is not None:
            return images
        if isinstance(node, ast.Subscript) and _is_plain_index(node.slice):
            return self._wrap(use, node, "value", node.value, depth)
        return None

    def _call(self, use: Use, node: ast.Call, depth: int) -> Source | None:
        name = self.imports.qualified(node.func) or ""
        last = name.rpartition(".")[2]
        if name == f"torch.{last}" and last in FACTORIES and (last != "tensor" or _is_number_list(node)):
            return Source(_without_device(node), use)
        if name.startswith(("numpy.", "np.")) and last in ARRAY_FACTORIES:
            return Source(node, use)
        if name in ("torch.Tensor", "torch.FloatTensor", "torch.LongTensor") and _are_sizes(node.args):
            return Source(node, use)
        if name in CONVERSIONS and node.args:
            return self._wrap(use, node, "args", node.args[0], depth)
        if (name in LIKE or last == "Variable") and node.args:
            return self.source(use._replace(node=node.args[0]), depth + 1)
        if name in (f"torch.{reshape}" for reshape in RESHAPES) and node.args:
            return self._wrap(use, node, "args", node.args[0], depth)
        if isinstance(node.func, ast.Attribute) and node.func.attr in MOVES | RESHAPES | RETYPES:
            return self._method(use, node, node.func, depth)
        return None

    def _method(self, use: Use, node: ast.Call, function: ast.Attribute, depth: int) -> Source | None:
        inner = self.source(use._replace(node=function.value), depth + 1)
        if inner is None:
            return None
        if function.attr in MOVES and not any("float" in ast.unparse(item) for item in node.args):
            return inner
        chained = copy.copy(node)
        chained.func = ast.copy_location(ast.Attribute(inner.node, function.attr, ast.Load()), function)
        if inner.sample and node.args and not _is_plain_index(node.args[0]):
            # x.view(batch_size, -1)
            chained.args = [ast.copy_location(ast.Constant(1), node.args[0]), *node.args[1:]]
        local = inner.root.scope is use.scope and not inner.sample
        if not local and not all(_is_plain_index(item) for item in chained.args):
            return None  # the arguments belong to another function than the tensor
        return inner._replace(node=chained, reshaped=inner.reshaped or function.attr in RESHAPES)

    def _wrap(self, use: Use, node: ast.expr, field: str, operand: ast.expr, depth: int) -> Source | None:
        """The node with its operand replaced by how that is made."""
        inner = self.source(use._replace(node=operand), depth + 1)
        if inner is None or inner.root.scope is not use.scope:
            return None
        wrapped = copy.copy(node)
        if field == "args":
            assert isinstance(wrapped, ast.Call)
            wrapped.args = [inner.node, *wrapped.args[1:]]
            wrapped = _without_device(wrapped)
        else:
            setattr(wrapped, field, inner.node)
        return inner._replace(node=wrapped, reshaped=True)

    def _images(self, use: Use) -> Source | None:
        """The images of a batch: the first thing that a loop over a data loader gets."""
        node = use.node
        if not isinstance(node, ast.Subscript) or not _is_number(node.slice, 0):
            return None
        for batch in self.scopes.values(node.value, use.scope, use.path):
            loader = _looped_over(batch.node)
            found = self.datasets.loaded(batch._replace(node=loader)) if loader is not None else None
            if found is None or self.imports.table.get("torch") != "torch":
                continue
            dataset, shape = found
            zeros = ast.parse(f"torch.zeros{(1, *shape)}", mode="eval").body
            return Source(_moved(zeros, dataset.node), dataset, sample=True)
        return None

    def _operand(self, use: Use, node: ast.BinOp, depth: int) -> Source | None:
        """Of arithmetic with numbers (`torch.rand(…) * 2 - 1`) the tensor."""
        left = self.source(use._replace(node=node.left), depth + 1)
        right = self.source(use._replace(node=node.right), depth + 1)
        return left if right is None else right if left is None else None


def _looped_over(node: ast.expr) -> ast.expr | None:
    """`loader` where an expression is the batch that a loop over `loader` or `enumerate(loader)` gets."""
    numbered = isinstance(node, ast.Subscript) and _is_number(node.slice, 1)
    if isinstance(node, ast.Subscript):
        node = node.value
    loader = _inside_call(_inside_call(node, "next"), "iter")
    return _inside_call(loader, "enumerate") if numbered else loader


def _inside_call(node: ast.expr | None, name: str) -> ast.expr | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name and node.args:
        return node.args[0]
    return None


def _is_number(node: ast.expr, number: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == number and type(node.value) is int


def _moved(node: ast.expr, place: ast.expr) -> ast.expr:
    """An expression made here, with a place in the file for all its parts."""
    for part in ast.walk(node):
        ast.copy_location(part, place)
    return node


def _without_device(node: ast.Call) -> ast.Call:
    """The call without the keywords that neither shape nor dtype hang on."""
    if not any(item.arg in DEVICE_KEYWORDS for item in node.keywords):
        return node
    plain = copy.copy(node)
    plain.keywords = [item for item in node.keywords if item.arg not in DEVICE_KEYWORDS]
    return plain


def _any_batch(node: ast.expr, root: ast.expr) -> ast.expr:
    """The tensor with a batch of one where the file computes the batch size, which any number may be
    put for. `root` is the call within `node` that makes the tensor."""
    size = _batch_size(root) if isinstance(root, ast.Call) else None
    if size is None or isinstance(size, (ast.Constant, ast.Starred)):
        return node
    changed = copy.deepcopy(node)
    for parent in ast.walk(changed):
        for _, field in ast.iter_fields(parent):
            if not isinstance(field, list):
                continue
            for index, item in enumerate(field):
                if type(item) is type(size) and _position(item) == _position(size):
                    field[index] = ast.copy_location(ast.Constant(1), item)
    return changed


def _batch_size(call: ast.Call) -> ast.expr | None:
    """The first of the sizes that a factory is given, where there are several."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    sizes = list(call.args[SIZE_LAST.get(name, 0) :])
    sizes = [item.value for item in call.keywords if item.arg == "size"] or sizes
    if sizes and isinstance(sizes[0], (ast.Tuple, ast.List)):
        sizes = sizes[0].elts
    return sizes[0] if len(sizes) > 1 else None


def _position(node: ast.expr) -> tuple[int, int, int | None, int | None]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _is_plain_index(node: ast.AST) -> bool:
    """Whether an index or argument is written in numbers."""
    if isinstance(node, ast.Name):
        return False
    return all(_is_plain_index(child) for child in ast.iter_child_nodes(node))


def _is_number_list(node: ast.Call) -> bool:
    return (
        bool(node.args) and isinstance(node.args[0], (ast.List, ast.Tuple)) and _is_plain_index(node.args[0])
    )


def _are_sizes(arguments: list[ast.expr]) -> bool:
    return len(arguments) > 1 and all(
        isinstance(item, (ast.Name, ast.Attribute))
        or (isinstance(item, ast.Constant) and isinstance(item.value, int))
        for item in arguments
    )
