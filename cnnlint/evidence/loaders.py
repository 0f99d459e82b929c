"""What a data loader gives, where the file writes it out: the tensors of a data set, its `__getitem__`, a
collate function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from cnnlint.evidence.datasets import DEEPEST
from cnnlint.evidence.instances import returned
from cnnlint.source.names import FunctionDef, Imports, positional_parameters
from cnnlint.source.scopes import Scope, Scopes, Use, argument_for

Key = int | str | None
"""Which part of a batch is meant: by position, by name, or all of it."""

PASSING = frozenset({"tqdm", "track", "Subset", "random_split", "islice", "prefetch", "cycle"})
"""Calls that give the samples of their first argument."""

STEPS = frozenset({"training_step", "validation_step", "test_step"})
"""Methods of a Lightning module that are handed a batch."""


class Part(NamedTuple):
    """A part of what a loader gives. Either the tensor of a whole batch, or of one `sample`."""

    use: Use
    sample: bool


class Loaders:
    """Follows the data loaders of a file."""

    def __init__(self, imports: Imports, scopes: Scopes):
        self.imports = imports
        self.scopes = scopes

    def of_step(self, batch: Use) -> Use | None:
        """The loader whose batches Lightning hands to `training_step(self, batch, batch_idx)`, where the file
        makes but one: what its `train_dataloader` gives, or what `trainer.fit(model, loader)` is given."""
        assert isinstance(batch.node, ast.Name)
        home, bindings = self.scopes.lookup(batch.node, batch.scope, batch.path)
        method = home.node
        if home.name not in STEPS or home.class_scope() is None or not isinstance(method, FunctionDef):
            return None
        if not all(binding.parameter for binding in bindings):
            return None
        if positional_parameters(method.args)[1:2] != [batch.node.id]:
            return None
        made = [
            Use(value, function, ())
            for function in self.scopes.functions.get("train_dataloader", ())
            for value in returned(function.node)
        ]
        for fit in self.scopes.calls_of(".fit"):
            for name in ("train_dataloaders", "train_dataloader"):
                given = argument_for(fit.node, name, ["model", name])
                if given is not None:
                    made.append(fit._replace(node=given))
                    break
        return made[0] if len(made) == 1 else None

    def parts(self, loader: Use, key: Key, depth: int = 0) -> Iterator[Part]:
        """What `key` of the batches of a loader, or of the samples of a data set, may be."""
        for value in self.scopes.values(*loader) if depth < DEEPEST else ():
            node = value.node
            if isinstance(node, ast.Subscript):  # train, test = random_split(data, …)
                node = node.value
            if not isinstance(node, ast.Call):
                continue
            first = value._replace(node=node.args[0]) if node.args else None
            name = (self.imports.qualified(node.func) or "").rpartition(".")[2]
            if name == "DataLoader":
                yield from self._loaded(value._replace(node=node), key, depth)
            elif name in PASSING and first is not None:
                yield from self.parts(first, key, depth + 1)
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
