"""Other files of the project that use the models of the linted one: how they build them, with what input."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cached_property

from cnnlint.evidence.constructions import ranked, unresolved
from cnnlint.evidence.datasets import DatasetReader
from cnnlint.evidence.facts import Construction, InputEvidence
from cnnlint.evidence.handed import InputReader
from cnnlint.evidence.instances import Instances, returned
from cnnlint.evidence.models import Models
from cnnlint.evidence.neighbours import Neighbours
from cnnlint.source.expressions import Expressions
from cnnlint.source.file import SourceFile
from cnnlint.source.names import Imports
from cnnlint.source.scopes import Scope, Scopes, Use


class Home:
    """The module of the linted file, as imports elsewhere may name it.

    Args:
        parts: the folders from the project's root down and the module (`project`, `nets`, `unet`).
    """

    def __init__(self, *parts: str):
        self.parts = parts

    def is_named(self, module: str) -> bool:
        """Whether a module as it is imported (`nets.unet`, `.unet`) is this one, or a package that it is
        in, which may hand its names on."""
        dotted = module.lstrip(".")
        if not dotted:
            return module != ""
        named = tuple(dotted.split("."))
        ends = range(len(named), len(self.parts) + 1)
        return any(self.parts[end - len(named) : end] == named for end in ends)

    def is_it(self, module: str) -> bool:
        """Whether a module as it is imported is this one itself."""
        named = tuple(module.lstrip(".").split("."))
        return self.parts[-len(named) :] == named


class User:
    """A file of the project that may import the linted one. Its text must parse; its expressions are to
    be evaluated in its own namespace."""

    def __init__(self, file: SourceFile, home: Home):
        self.file = file
        self._home = home
        self._imports = Imports(file.tree)

    def uses(self, name: str) -> bool:
        """Whether the file imports the linted module, everything of its package, or `name` from it."""
        return (
            any(self._home.is_named(star) for star in self._imports.stars)
            or any(self._brings(name, meaning) for meaning in self._meanings)
            or self._looks_up()
        )

    def imported(self) -> frozenset[str]:
        """The last names of the modules that the file may import: `data` for `from .data import load`."""
        modules = {*self._meanings, *self._imports.stars}
        return frozenset(part for module in modules for part in module.split(".")[-2:] if part)

    def constructions(self, name: str, whole: bool = False) -> tuple[Construction, ...]:
        """How the file builds the class or factory `name`, best first; with `whole` without the calls that
        build it as a part of another model."""
        calls = [use for use in self._calls(name) if not (whole and self._inside_model(use.scope))]
        return ranked(calls, self._expressions)

    def unresolved(self, name: str) -> tuple[Construction, ...]:
        """The calls of `name` that cannot be evaluated as a whole."""
        return unresolved(self._calls(name), self._expressions)

    def _calls(self, name: str) -> list[Use]:
        return [
            use
            for use in self._scopes.calls
            if isinstance(use.node, ast.Call) and self._model(use.node.func) == name
        ]

    def holds(self, names: Collection[str]) -> bool:
        """Whether a model, or a factory, of the file builds one of these or hands it on as a part."""
        for use in self._scopes.calls:
            call = use.node
            assert isinstance(call, ast.Call)
            mentioned = (call.func, *call.args, *(item.value for item in call.keywords))
            if not any(self._model(node) in names for node in mentioned):
                continue
            returns = use.scope.is_function and any(call is value for value in returned(use.scope.node))
            if returns or self._inside_model(use.scope):
                return True
        return False

    @cached_property
    def handed_over(self) -> list[tuple[str, InputEvidence]]:
        """What the file hands to the models of the linted one, by their names."""
        reader = InputReader(
            self.file, self._imports, self._scopes, self._instances, self._expressions, self._datasets
        )
        own = {*self._scopes.classes, *self._scopes.functions}
        return [
            (origin, evidence)
            for origin, evidence in reader.handed_over()
            if isinstance(origin, str) and origin not in own
        ]

    def data(self) -> list[InputEvidence]:
        """What the data sets of the file say of inputs."""
        return self._datasets.inputs()

    @cached_property
    def _scopes(self) -> Scopes:
        return Scopes(self.file.tree)

    @cached_property
    def _expressions(self) -> Expressions:
        return Expressions(self.file, self._scopes, self._imports)

    @cached_property
    def _datasets(self) -> DatasetReader:
        return DatasetReader(self.file, self._imports, self._scopes, self._expressions)

    @cached_property
    def _instances(self) -> Instances:
        models = Models(self.file.tree, self._imports)
        neighbours = Neighbours(self.file.filename)
        return Instances(self.file.tree, self._imports, self._scopes, models, neighbours, self._model)

    def _inside_model(self, scope: Scope | None) -> bool:
        """Whether code stands in a class of models, or in a factory that the file offers to others."""
        while scope is not None:
            if scope.is_class and self._instances.models.is_module(scope.name):
                return True
            offered = scope.is_function and not self._scopes.calls_of(scope.name)
            if offered and scope.name in self._instances.factories:
                return True
            scope = scope.parent
        return False

    def _model(self, callee: ast.expr) -> str | None:
        """The name in the linted module that a callee is; None for what is not of it."""
        meaning = self._imports.qualified(callee) or ""
        name = meaning.rpartition(".")[2]
        if self._imports.is_imported(callee):
            return name if self._is(name, meaning) else None
        by_star = meaning == name and any(self._home.is_named(star) for star in self._imports.stars)
        own = name in self._scopes.classes or name in self._scopes.functions
        return name if by_star and not own else None

    @cached_property
    def _meanings(self) -> set[str]:
        """What the file imports, with the dotted modules of which only the root becomes a name."""
        dotted = {
            alias.name
            for node in ast.walk(self.file.tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        return dotted | set(self._imports.table.values())

    def _brings(self, name: str, meaning: str) -> bool:
        holder = meaning.rpartition(".")[0]
        return self._home.is_it(meaning) or self._home.is_it(holder) or self._is(name, meaning)

    def _is(self, name: str, meaning: str) -> bool:
        holder, _, last = meaning.rpartition(".")
        holder = holder or ("." if meaning.startswith(".") else "")
        return last == name and holder != "" and self._home.is_named(holder)

    def _looks_up(self) -> bool:
        """`models.__dict__[name]()` and `getattr(models, name)()`, of the package that the module is in."""
        for node in ast.walk(self.file.tree):
            holder = None
            if isinstance(node, ast.Attribute) and node.attr == "__dict__":
                holder = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
                holder = node.args[0] if node.args else None
            imported = holder is not None and self._imports.is_imported(holder)
            if imported and self._home.is_named(self._imports.qualified(holder) or ""):
                return True
        return False
