"""Which model an expression is: the calls that build models, followed through variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from cnnlint.evidence.models import SAME_MODEL_METHODS, WRAPPERS, Models
from cnnlint.evidence.neighbours import Neighbours
from cnnlint.source.names import FunctionDef, Imports, parameter_names
from cnnlint.source.scopes import Scope, Scopes, Use, default_for

Origin = str | ast.Call
"""The class or factory that builds a model, by name; or the call itself, for a model that a variable
holds (`nn.Sequential(...)`, `torchvision.models.resnet18()`)."""

NOT_FACTORIES = re.compile(r"(main|train|fit|run|test|eval|validate|load_checkpoint|export)(_|$)")
"""How the names of functions begin that may return a model, but not just build one."""

PREPARERS = frozenset({"prepare", "setup", "setup_module", "initialize", "deepcopy", "copy", "unwrap_model"})
"""Calls that give back what they are given (accelerate's and lightning's wrappers, copies)."""


class Instances:
    """The models that the expressions of a file stand for.

    Attributes:
        factories: the functions that return a model, by name: those of the module, else those inside
            functions.

    Args:
        imported: tells the models of another file by the callee: their name there, or None.
    """

    def __init__(
        self,
        tree: ast.Module,
        imports: Imports,
        scopes: Scopes,
        models: Models,
        neighbours: Neighbours,
        imported: Callable[[ast.expr], str | None] = lambda callee: None,
    ):
        self.imports = imports
        self.scopes = scopes
        self.models = models
        self.neighbours = neighbours
        self._imported = imported
        self.factories: dict[str, Scope] = {}
        candidates = {
            name: scope
            for name, found in scopes.functions.items()
            if (scope := _function(found, scopes.module)) is not None
            and not NOT_FACTORIES.match(name)
            and not _trains(scope.node)
        }
        grown = True
        while grown:  # a factory may call another one that is defined below it
            grown = False
            for name, scope in candidates.items():
                if name not in self.factories and self._returns_model(scope):
                    self.factories[name] = scope
                    grown = True

    def required_parameters(self, name: str) -> list[str]:
        """The parameters of a factory that have no default."""
        node = self.factories[name].node
        assert isinstance(node, FunctionDef)
        rest = {argument.arg for argument in (node.args.vararg, node.args.kwarg) if argument is not None}
        return [
            parameter
            for parameter in parameter_names(node.args)
            if parameter not in rest and default_for(node.args, parameter) is None
        ]

    def hands_parts_to_imported(self, name: str) -> bool:
        """Whether a factory hands a class of the file to a model of another file of the package, which it
        gives back: `ResNet(Block, [2, 2, 2, 2])`."""
        scope = self.factories[name]
        return any(
            isinstance(use.node, ast.Call)
            and self.neighbours.is_model(self.imports.qualified(use.node.func) or "")
            and any(isinstance(item, ast.Name) and self.models.is_module(item.id) for item in use.node.args)
            for value in returned(scope.node)
            for use in self.scopes.values(value, scope, ())
        )

    def origin(self, use: Use) -> Origin | None:
        """The one model that an expression can be; None where it is none, or where the text leaves
        several."""
        origins = set(self._origins(use, 0))
        return origins.pop() if len(origins) == 1 else None

    def _origins(self, use: Use, depth: int) -> Iterator[Origin]:
        if depth > 8:
            return
        for value in self.scopes.values(*use):
            yield from self._origins_of_value(value, depth)

    def _origins_of_value(self, use: Use, depth: int) -> Iterator[Origin]:
        node, scope, _ = use
        if isinstance(node, ast.Name) and node.id == scope.self_name():
            owner = scope.class_scope()
            if owner is not None and self.models.is_module(owner.name):
                yield owner.name
        elif isinstance(node, ast.Attribute) and node.attr == "module":
            yield from self._origins(use._replace(node=node.value), depth + 1)
        elif isinstance(node, ast.Subscript):
            yield from self._unpacked(use, depth)
        elif isinstance(node, ast.Call):
            yield from self._origins_of_call(use, node, depth)

    def _origins_of_call(self, use: Use, node: ast.Call, depth: int) -> Iterator[Origin]:
        callee = node.func
        imported = self._imported(callee)
        if imported is not None:
            yield imported
        elif isinstance(callee, ast.Name) and (
            callee.id in self.factories or self.models.is_module(callee.id)
        ):
            yield callee.id
        elif self.models.is_sequential(node) or self.models.library_model(node):
            yield node
        elif isinstance(callee, ast.Attribute) and callee.attr in SAME_MODEL_METHODS:
            yield from self._origins(use._replace(node=callee.value), depth + 1)
        elif isinstance(callee, ast.Attribute) and callee.attr in ("from_pretrained", "load_from_checkpoint"):
            if isinstance(callee.value, ast.Name) and self.models.is_module(callee.value.id):
                yield callee.value.id
        elif node.args and _last(callee) in WRAPPERS | PREPARERS:
            yield from self._origins(use._replace(node=node.args[0]), depth + 1)

    def _unpacked(self, use: Use, depth: int) -> Iterator[Origin]:
        """`model, optimizer = build()` and `= accelerator.prepare(model, optimizer)`."""
        node = use.node
        assert isinstance(node, ast.Subscript)
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        call = node.value
        if not isinstance(index, int) or not isinstance(call, ast.Call):
            return
        if _last(call.func) in PREPARERS and index < len(call.args):
            yield from self._origins(use._replace(node=call.args[index]), depth + 1)
        if not isinstance(call.func, ast.Name):
            return
        for scope in self.scopes.functions.get(call.func.id, ())[-1:]:
            for value in returned(scope.node):
                if isinstance(value, ast.Tuple) and index < len(value.elts):
                    yield from self._origins(Use(value.elts[index], scope, ()), depth + 1)

    def _returns_model(self, scope: Scope) -> bool:
        node = scope.node
        assert isinstance(node, FunctionDef)
        if self._names_model(node.returns):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            return not any(self._names_model(argument.annotation) for argument in arguments)
        for value in returned(node):
            use = Use(value, scope, ())
            if any(self._is_whole_model(origin) for origin in self._origins(use, 0)):
                return True
            if any(self._hands_class_on(item.node) for item in self.scopes.values(*use)):
                return True
        return False

    def _hands_class_on(self, value: ast.expr) -> bool:
        """Whether a value is `build_model(ResNet, **kwargs)`: a helper from elsewhere is given the class."""
        return (
            isinstance(value, ast.Call)
            and not self._is_known(value.func)
            and any(isinstance(item, ast.Name) and self._names_model(item) for item in value.args)
        )

    def _names_model(self, node: ast.expr | None) -> bool:
        """Whether an annotation or an argument is a class of models."""
        name = self.imports.qualified(node) or ""
        return (
            self.models.is_model(name)
            or name in ("torch.nn.Module", "torch.nn.Sequential")
            or self.neighbours.is_model(name)
        )

    def _is_known(self, callee: ast.expr) -> bool:
        """Whether a callee is of the file itself, of torch or built in."""
        name = self.imports.qualified(callee) or ""
        return not self.imports.is_imported(callee) or name.startswith("torch.")

    def _is_whole_model(self, origin: Origin) -> bool:
        if isinstance(origin, ast.Call) or origin in self.factories or self.models.is_model(origin):
            return True
        return origin not in self.models.classes and origin not in self.scopes.functions  # imported


def returned(function: ast.AST) -> Iterator[ast.expr]:
    """The values that a function's own `return` statements give."""
    pending = list(ast.iter_child_nodes(function))
    while pending:
        node = pending.pop()
        if isinstance(node, (FunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        pending.extend(ast.iter_child_nodes(node))


def _function(scopes: list[Scope], module: Scope) -> Scope | None:
    """Of the functions of a name the last one of the module, else the last one that is in no class."""
    own = [scope for scope in scopes if scope.parent is module]
    plain = [scope for scope in scopes if scope.class_scope() is None]
    return own[-1] if own else plain[-1] if plain else None


def _trains(function: ast.AST) -> bool:
    """Whether a function does more than build: it trains, or always loads weights from a file."""
    assert isinstance(function, FunctionDef)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _last(node.func) in ("backward", "DataLoader", "zero_grad"):
            return True
    return any(
        isinstance(node, ast.Call) and _last(node.func) in ("load_state_dict", "load_model")
        for statement in function.body
        if isinstance(statement, (ast.Expr, ast.Assign))
        for node in ast.walk(statement)
    )


def _last(callee: ast.expr) -> str:
    """The last part of a callee's name."""
    if isinstance(callee, ast.Attribute):
        return callee.attr
    return callee.id if isinstance(callee, ast.Name) else ""
