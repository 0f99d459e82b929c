"""What a data loader gives, where the file writes it out: the tensors of a data set, its `__getitem__`, a
collate function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from cnnlint.evidence.datasets import DEEPEST
from cnnlint.evidence.instances import returned
from cnnlint.source.names import Imports
from cnnlint.source.scopes import Scope, Scopes, Use, argument_for

Key = int | str | None
"""Which part of a batch is meant: by position, by name, or all of it."""

PASSING = frozenset({"tqdm", "track", "Subset", "random_split", "islice", "prefetch", "cycle", "prepare"})
"""Calls that give the samples of their first argument."""


class Part(NamedTuple):
    """A part of what a loader gives. Either the tensor of a whole batch, or of one `sample`."""

    use: Use
    sample: bool


class Loaders:
    """Follows the data loaders of a file."""

    def __init__(self, imports: Imports, scopes: Scopes):
        self.imports = imports
        self.scopes = scopes

    def made(self, loader: Use, depth: int = 0) -> Iterator[Use]:
        """The calls that a loader or data set may come from, helper functions of the file, dictionaries and
        what only passes samples on looked through: `DataLoader(…)`, `CIFAR10(…)`, `Files(paths)`."""
        for value in self.scopes.values(*loader) if depth < DEEPEST else ():
            yield from self._made_by(value, None, depth + 1)

    def _made_by(self, use: Use, key: Key, depth: int) -> Iterator[Use]:
        """What `key` of a value, or all of it, is made by."""
        node = use.node
        if depth > DEEPEST:
            return
        if isinstance(node, ast.Subscript):
            inner = node.slice.value if isinstance(node.slice, ast.Constant) else None
            for value in self.scopes.values(node.value, use.scope, use.path):
                yield from self._made_by(value, inner if isinstance(inner, (int, str)) else None, depth + 1)
        elif isinstance(node, (ast.Tuple, ast.List)):
            chosen = node.elts if not isinstance(key, int) else node.elts[key : key + 1]
            for item in chosen:
                yield from self.made(use._replace(node=item), depth + 1)
        elif isinstance(node, ast.Dict):
            for name, item in zip(node.keys, node.values, strict=True):
                if key is None or (isinstance(name, ast.Constant) and name.value == key):
                    yield from self.made(use._replace(node=item), depth + 1)
        elif isinstance(node, ast.DictComp):
            yield from self.made(Use(node.value, self.scopes.scope_of[node], ()), depth + 1)
        elif isinstance(node, ast.Call):
            name = (self.imports.qualified(node.func) or "").rpartition(".")[2]
            if name in PASSING and node.args:
                index = key if name == "prepare" and isinstance(key, int) else 0
                for item in node.args[index : index + 1]:
                    yield from self.made(use._replace(node=item), depth + 1)
            elif function := self._helper(use, node):
                for returned_value in returned(function.node):
                    for value in self.scopes.values(returned_value, function):
                        yield from self._made_by(value, key, depth + 1)
            else:
                yield use

    def _helper(self, use: Use, call: ast.Call) -> Scope | None:
        """The function of the file that a call runs: by its name, or as a method."""
        callee = call.func
        if isinstance(callee, ast.Name):
            found = [scope for scope in self.scopes.functions.get(callee.id, ()) if not _is_method(scope)]
        elif isinstance(callee, ast.Attribute) and not self.imports.is_imported(callee):
            found = [scope for scope in self.scopes.functions.get(callee.attr, ()) if _is_method(scope)]
        else:
            return None
        return found[-1] if len(found) == 1 or isinstance(callee, ast.Name) and found else None

    def data_sets(self, loader: Use, depth: int = 0) -> Iterator[Use]:
        """The calls that make the data sets whose samples a loader, or the data set itself, gives."""
        for maker in self.made(loader, depth):
            call = maker.node
            assert isinstance(call, ast.Call)
            name = (self.imports.qualified(call.func) or "").rpartition(".")[2]
            if name == "DataLoader":
                given = argument_for(call, "dataset", ["dataset"])
                if given is not None and depth < DEEPEST:
                    yield from self.data_sets(maker._replace(node=given), depth + 1)
            elif name in ("ConcatDataset", "ChainDataset") and call.args:
                listed = call.args[0]
                for item in listed.elts if isinstance(listed, (ast.List, ast.Tuple)) else ():
                    yield from self.data_sets(maker._replace(node=item), depth + 1)
            else:
                yield maker

    def is_batched(self, loader: Use) -> bool:
        """Whether all that a loop goes over are data loaders."""
        names = [self.imports.qualified(maker.node.func) or "" for maker in self.made(loader)]  # type: ignore[attr-defined]
        return bool(names) and all(name.rpartition(".")[2] == "DataLoader" for name in names)

    def is_collated(self, loader: Use) -> bool:
        """Whether a function of its own makes the batches."""
        return any(argument_for(maker.node, "collate_fn", []) is not None for maker in self.made(loader))

    def parts(self, loader: Use, key: Key, depth: int = 0) -> Iterator[Part]:
        """What `key` of the batches of a loader, or of the samples of a data set, may be."""
        for value in self.made(loader) if depth < DEEPEST else ():
            node = value.node
            if not isinstance(node, ast.Call):
                continue
            name = (self.imports.qualified(node.func) or "").rpartition(".")[2]
            if name == "DataLoader":
                yield from self._loaded(value._replace(node=node), key, depth)
            elif name == "TensorDataset":
                if isinstance(key, int) and key < len(node.args):
                    yield Part(value._replace(node=node.args[key]), False)
            elif isinstance(node.func, ast.Name):
                yield from self._sampled(node.func.id, key)

    def _loaded(self, loader: Use, key: Key, depth: int) -> Iterator[Part]:
        given = argument_for(loader.node, "collate_fn", [])
        if given is None:
            dataset = argument_for(loader.node, "dataset", ["dataset"])
            if dataset is not None:
                yield from self.parts(loader._replace(node=dataset), key, depth + 1)
        elif isinstance(given, ast.Lambda):
            scope = self.scopes.scope_of[given]
            yield from (Part(part, False) for part in _part(Use(given.body, scope, ()), key))
        elif isinstance(given, ast.Name):
            for function in self.scopes.functions.get(given.id, ())[-1:]:
                yield from (Part(part, False) for part in self._returned(function, key))

    def _sampled(self, name: str, key: Key) -> Iterator[Part]:
        """What the `__getitem__` of a data set of the file gives: a tensor of its own, or one row of a
        tensor that holds all samples."""
        owner = self.scopes.classes.get(name)
        for method in self.scopes.functions.get("__getitem__", ()):
            if owner is None or method.parent is not owner:
                continue
            for part in self._returned(method, key):
                for value in self.scopes.values(*part):
                    if isinstance(value.node, ast.Subscript):
                        yield Part(value._replace(node=value.node.value), False)
                    else:
                        yield Part(value, True)

    def _returned(self, function: Scope, key: Key) -> Iterator[Use]:
        for value in returned(function.node):
            for use in self.scopes.values(value, function):
                yield from _part(use, key)


def _is_method(function: Scope) -> bool:
    return function.parent is not None and function.parent.is_class


def _part(use: Use, key: Key) -> Iterator[Use]:
    """The item of a tuple, list or dictionary that is written out."""
    node = use.node
    if key is None:
        yield use
    elif isinstance(node, (ast.Tuple, ast.List)) and isinstance(key, int) and key < len(node.elts):
        yield use._replace(node=node.elts[key])
    elif isinstance(node, ast.Dict):
        for name, value in zip(node.keys, node.values, strict=True):
            if isinstance(name, ast.Constant) and name.value == key:
                yield use._replace(node=value)
