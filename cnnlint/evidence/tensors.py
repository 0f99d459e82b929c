"""Tensors that a file makes from sizes (`torch.randn(1, 3, 32, 32)`), followed to where they are used."""

from __future__ import annotations

import ast
import copy
from typing import NamedTuple

from cnnlint.evidence.datasets import DatasetReader, constant
from cnnlint.evidence.loaders import Key, Loaders
from cnnlint.source.expressions import Expression, Expressions
from cnnlint.source.names import Imports
from cnnlint.source.scopes import Scopes, Use
from cnnlint.traces import Degree

FACTORIES = frozenset(
    "randn rand zeros ones empty full randint randperm arange linspace eye normal tensor".split()
)
"""Functions of torch that make a tensor from numbers."""

ARRAY_FACTORIES = frozenset(
    "zeros ones rand randn random random_sample empty full randint normal uniform arange linspace".split()
)
"""Functions of numpy and numpy.random that make an array from sizes."""

CONVERSIONS = frozenset({"torch.from_numpy", "torch.tensor", "torch.as_tensor"})

TENSOR_TYPES = {
    "Tensor": "float",
    "FloatTensor": "float",
    "LongTensor": "long",
    "IntTensor": "int",
    "HalfTensor": "half",
    "DoubleTensor": "double",
}
"""The old constructors of tensors, and the method that gives a tensor their dtype."""

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

RETYPES = frozenset("float half double long int bool byte bfloat16 type astype".split())

DEVICE_KEYWORDS = frozenset({"device", "pin_memory", "requires_grad", "generator", "out"})


class Source(NamedTuple):
    """How a tensor is made: `node` evaluates to it in the scope of `root`, the call that makes it.

    `sample` is whether it stands for a batch of one that a data loader gives, `drawn` whether a loader of the
    file is asked for it.
    """

    node: ast.expr
    root: Use
    reshaped: bool = False
    sample: bool = False
    drawn: bool = False

    @property
    def degree(self) -> Degree:
        """How surely a model is given such a tensor."""
        return Degree.FOLLOWED if self.sample or self.drawn else Degree.STATED


class Tensors:
    """Finds how the tensors of a file are made."""

    def __init__(self, imports: Imports, scopes: Scopes, expressions: Expressions, datasets: DatasetReader):
        self.imports = imports
        self.scopes = scopes
        self.expressions = expressions
        self.datasets = datasets
        self.loaders = Loaders(imports, scopes)

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
        if not source.drawn and self._reads_data(source.root._replace(node=node)):
            return None
        return self.expressions.make(source.root, node)

    def _reads_data(self, use: Use, depth: int = 0) -> bool:
        """Whether a value hangs on what a loop over data gives."""
        if depth > 6:
            return True
        for name in ast.walk(use.node):
            if not isinstance(name, ast.Name):
                continue
            for source in self.scopes.sources(use._replace(node=name)):
                if source is not None and (_is_of_loop(source.node) or self._reads_data(source, depth + 1)):
                    return True
        return False

    def _source_of_value(self, use: Use, depth: int) -> Source | None:
        node = use.node
        given = self._images(use) or self._loaded(use, depth) or self._drawn(use)
        if given is not None:
            return given
        if isinstance(node, ast.Call):
            return self._call(use, node, depth)
        if isinstance(node, ast.BinOp):
            return self._operand(use, node, depth)
        if isinstance(node, ast.Subscript) and _is_plain_index(node.slice):
            return self._wrap(use, node, "value", node.value, depth)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return self.source(use._replace(node=node.value), depth + 1)  # some of the samples
        return None

    def _call(self, use: Use, node: ast.Call, depth: int) -> Source | None:
        name = self.imports.qualified(node.func) or ""
        last = name.rpartition(".")[2]
        if name == f"torch.{last}" and last in FACTORIES and (last != "tensor" or _is_number_list(node)):
            return Source(_without_device(node), use)
        if name.startswith(("numpy.", "np.")) and last in ARRAY_FACTORIES:
            return Source(node, use)
        kind = self._tensor_type(use._replace(node=node.func))
        if kind is not None and _are_sizes(node.args):
            return Source(node, use)
        if kind is not None and node.args:
            inner = self.source(use._replace(node=node.args[0]), depth + 1)
            return self._typed(inner, kind)
        if name in CONVERSIONS and node.args:
            return self._wrap(use, node, "args", node.args[0], depth)
        if (name in LIKE or last == "Variable") and node.args:
            return self.source(use._replace(node=node.args[0]), depth + 1)
        if name in (f"torch.{reshape}" for reshape in RESHAPES) and node.args:
            return self._wrap(use, node, "args", node.args[0], depth)
        if isinstance(node.func, ast.Attribute) and node.func.attr in MOVES | RESHAPES | RETYPES:
            return self._method(use, node, node.func, depth)
        return None

    def _typed(self, source: Source | None, kind: str) -> Source | None:
        """A tensor of an array, or another tensor, as the constructor of a dtype makes it."""
        name = self.imports.qualified(source.root.node.func) if source else None  # type: ignore[attr-defined]
        if source is not None and name is not None and name.startswith(("numpy.", "np.")):
            made = ast.Call(self._of_torch("tensor"), [source.node], [])
            source = source._replace(node=ast.fix_missing_locations(ast.copy_location(made, source.node)))
        return _called(source, kind)

    def _tensor_type(self, use: Use) -> str | None:
        """The method that gives a tensor the dtype of the constructor that an expression is."""
        for value in self.scopes.values(*use):
            name = self.imports.qualified(value.node) or ""
            if name.startswith("torch.") and name.rpartition(".")[2] in TENSOR_TYPES:
                return TENSOR_TYPES[name.rpartition(".")[2]]
        return None

    def _method(self, use: Use, node: ast.Call, function: ast.Attribute, depth: int) -> Source | None:
        inner = self.source(use._replace(node=function.value), depth + 1)
        if inner is None and function.attr in ("view", "reshape"):
            return self._as_viewed(use, node)
        if inner is None:
            return None
        if function.attr in MOVES and not any("float" in ast.unparse(item) for item in node.args):
            return inner
        if function.attr == "type" and node.args:
            kind = self._tensor_type(use._replace(node=node.args[0]))
            return _called(inner, kind) if kind is not None else None
        chained = copy.copy(node)
        chained.func = ast.copy_location(ast.Attribute(inner.node, function.attr, ast.Load()), function)
        if inner.sample:
            chained.args = [
                self._number(use._replace(node=item), 1 if index == 0 else None)
                for index, item in enumerate(node.args)
            ]
        local = inner.root.scope is use.scope and not inner.sample
        if not local and not all(_is_plain_index(item) for item in chained.args):
            return None  # the arguments belong to another function than the tensor
        return inner._replace(node=chained, reshaped=inner.reshaped or function.attr in RESHAPES)

    def _as_viewed(self, use: Use, node: ast.Call) -> Source | None:
        """What is given all its sizes, whatever it was made of: `frombuffer(data).view(48, 48, 3)`."""
        sizes = (
            node.args[0].elts if len(node.args) == 1 and isinstance(node.args[0], ast.Tuple) else node.args
        )
        values = [constant(self.scopes, use._replace(node=size)) for size in sizes]
        known = [value for value in values if isinstance(value, int) and value > 0]
        if not known or len(known) < len(values):
            return None
        made = ast.Call(self._of_torch("zeros"), [ast.Constant(size) for size in known], [])
        return Source(ast.fix_missing_locations(ast.copy_location(made, node)), use, reshaped=True)

    def _number(self, use: Use, otherwise: int | None) -> ast.expr:
        """An argument as the number that it surely is; else `otherwise`, for the size of the batch, which
        is one in a sample."""
        node = use.node
        if _is_plain_index(node):
            return node
        value = constant(self.scopes, use)
        value = value if type(value) is int else otherwise
        return node if value is None else ast.copy_location(ast.Constant(value), node)

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
            loader = self._looped_over(batch)
            found = self.datasets.loaded(loader) if loader is not None else None
            if found is None:
                continue
            sizes = [ast.Constant(1), *found.sizes] if found.batched else found.sizes
            made = ast.Call(self._of_torch("zeros"), sizes, [])
            made = ast.fix_missing_locations(ast.copy_location(made, found.dataset.node))
            return Source(made, found.dataset, reshaped=not found.batched, sample=True)
        return None

    def _loaded(self, use: Use, depth: int) -> Source | None:
        """A part of the batch that a loop over a data loader gets, where the file writes out what the
        loader gives."""
        node: ast.expr = use.node
        key: Key = None
        if isinstance(node, ast.Subscript):
            if not isinstance(node.slice, ast.Constant) or not isinstance(node.slice.value, (int, str)):
                return None
            key = node.slice.value
            node = node.value
        for batch in self.scopes.values(node, use.scope, use.path):
            loader = self._looped_over(batch)
            for part in self.loaders.parts(loader, key) if loader is not None else ():
                found = self.source(part.use, depth + 1)
                if found is not None:
                    return _as_batch(found) if part.sample else found
        return None

    def _drawn(self, use: Use) -> Source | None:
        """A part of what is drawn from a loader of the file's own, which is asked for one batch."""
        node: ast.expr = use.node
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            key, node = node.slice, node.value
        for batch in self.scopes.values(node, use.scope, use.path):
            loader = self._looped_over(batch)
            if loader is None or not isinstance(
                loader.node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
            ):
                continue
            drawn: ast.expr = loader.node
            for name in ("iter", "next"):
                drawn = ast.Call(ast.Name(name, ast.Load()), [drawn], [])
            if key is not None:
                drawn = ast.Subscript(drawn, key, ast.Load())
            made = ast.fix_missing_locations(ast.copy_location(drawn, loader.node))
            if self.expressions.make(loader, made) is not None:
                return Source(made, loader, reshaped=True, drawn=True)
        return None

    def _of_torch(self, name: str) -> ast.expr:
        """A function of torch, whatever the file has imported."""
        module: ast.expr = ast.Name("torch", ast.Load())
        if self.imports.table.get("torch") != "torch":
            module = ast.Call(ast.Name("__import__", ast.Load()), [ast.Constant("torch")], [])
        return ast.Attribute(module, name, ast.Load())

    def _looped_over(self, batch: Use) -> Use | None:
        """`loader` where an expression is what a loop over `loader` or `enumerate(loader)`, or
        `next(iter(loader))`, or a step of Lightning gets; a data set where it is one of its samples
        (`data[0]`)."""
        node = batch.node
        if isinstance(node, ast.Name):
            return self.loaders.of_step(batch)
        numbered = False
        if isinstance(node, ast.Subscript):
            numbered = _is_number(node.slice, 1) and _next_of(node.value) is not None
            if not numbered:
                return self._sampled(batch, node)
            node = node.value
        iterator = _next_of(node)
        if iterator is None:
            return None
        for value in self.scopes.values(iterator, batch.scope, batch.path):
            loader = _inside_call(value.node, "iter")
            if numbered and loader is not None:
                passed_on = _inside_call(loader, "tqdm")
                loader = _inside_call(loader, "enumerate") or _inside_call(passed_on, "enumerate")
            if loader is not None:
                return value._replace(node=loader)
        return None

    def _sampled(self, use: Use, node: ast.Subscript) -> Use | None:
        """The data set of which `data[0]` is a sample; one picture of any size says nothing of others."""
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if type(index) is not int:
            return None
        for value in self.scopes.values(node.value, use.scope, use.path):
            if self.datasets.is_of_one_size(value):
                return value
        return None

    def _operand(self, use: Use, node: ast.BinOp, depth: int) -> Source | None:
        """Of arithmetic with numbers (`torch.rand(…) * 2 - 1`) the tensor."""
        left = self.source(use._replace(node=node.left), depth + 1)
        right = self.source(use._replace(node=node.right), depth + 1)
        return left if right is None else right if left is None else None


def _as_batch(source: Source) -> Source:
    """One sample as a batch."""
    function = ast.Attribute(source.node, "unsqueeze", ast.Load())
    call = ast.copy_location(ast.Call(function, [ast.Constant(0)], []), source.node)
    return source._replace(node=ast.fix_missing_locations(call), reshaped=True)


def _inside_call(node: ast.expr | None, name: str) -> ast.expr | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name and node.args:
        return node.args[0]
    return None


def _next_of(node: ast.expr) -> ast.expr | None:
    """`batches` of `next(batches)`, or of the older `batches.next()`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        return node.func.value if node.func.attr in ("next", "__next__") else None
    return _inside_call(node, "next")


def _is_number(node: ast.expr, number: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == number and type(node.value) is int


def _is_of_loop(node: ast.expr) -> bool:
    """Whether an expression takes the next thing of something that is not written out."""
    iterators = (_inside_call(part, "next") for part in ast.walk(node) if isinstance(part, ast.Call))
    return any(
        iterator is not None
        and not isinstance(_inside_call(iterator, "iter"), (ast.Tuple, ast.List))
        and _inside_call(_inside_call(iterator, "iter"), "range") is None
        for iterator in iterators
    )


def _called(source: Source | None, method: str) -> Source | None:
    """The tensor behind a method without arguments."""
    if source is None:
        return None
    function = ast.copy_location(ast.Attribute(source.node, method, ast.Load()), source.node)
    return source._replace(node=ast.copy_location(ast.Call(function, [], []), source.node))


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
    if len(sizes) == 1 and not _is_length(sizes[0]):
        return None
    return sizes[0] if sizes else None


def _is_length(node: ast.expr) -> bool:
    """Whether an expression is one number by its form: `x.size(0)`, `x.shape[0]`, `batch_size`."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "size" and bool(node.args)
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("batch_size", "batch", "batchSize", "bs")


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
