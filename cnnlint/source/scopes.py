"""Variables in a file's text: where each name is bound, and which expressions a name may stand for.

Nothing is evaluated. A variable is followed to the expressions that were assigned to it, a parameter
to the arguments at the calls of its function, `self.x` to the assignments in the class.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from cnnlint.source.names import FunctionDef, parameter_names, positional_parameters

Path = tuple[tuple[int, int], ...]
"""The branches of `if`, loops and handlers that a place stands in: (block, branch) from outside in."""

_TRANSPARENT = (ast.With, ast.AsyncWith, ast.Try, ast.TryStar)
"""Blocks whose body runs whenever the block is reached."""

MOST_ALTERNATIVES = 24
"""A variable that may stand for more expressions than this is not followed."""


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One place where a name gets its value; `value` is None where the text does not say which."""

    name: str
    value: ast.expr | None
    node: ast.AST
    path: Path = ()
    parameter: bool = False

    @property
    def row(self) -> int:
        return self.node.lineno  # type: ignore[attr-defined, no-any-return]

    @property
    def effective(self) -> tuple[int, int]:
        """The place from which on it holds: an assignment's end, since its right side is read before."""
        node = self.node
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            return node.end_lineno or node.lineno, node.end_col_offset or 0
        return node.lineno, node.col_offset  # type: ignore[attr-defined]


@dataclass(eq=False)
class Scope:
    """The module, a class, a function, a lambda or a comprehension.

    Attributes:
        attributes: of a class: the assignments to `self.x` in its methods.
        path: the blocks in the parent scope that it is defined in.
    """

    node: ast.AST
    parent: Scope | None
    name: str
    path: Path = ()
    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    attributes: dict[str, list[tuple[Scope, Binding]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, FunctionDef)

    def function(self) -> Scope:
        """The function, or the module or class body, that code of this scope runs in."""
        scope = self
        while scope.parent is not None and not (scope.is_function or scope.is_class):
            scope = scope.parent
        return scope

    def class_scope(self) -> Scope | None:
        """The class of the method that this scope is in."""
        scope: Scope | None = self
        while scope is not None and not scope.is_class:
            scope = scope.parent
        return scope

    def self_name(self) -> str | None:
        """The first parameter of the method that this scope is in."""
        scope: Scope | None = self
        while scope is not None:
            if isinstance(scope.node, FunctionDef) and scope.parent is not None and scope.parent.is_class:
                names = positional_parameters(scope.node.args)
                return names[0] if names else None
            scope = scope.parent
        return None


class Use(NamedTuple):
    """An expression and where it stands."""

    node: ast.expr
    scope: Scope
    path: Path


class Scopes:
    """All scopes of a module, and its calls in source order."""

    def __init__(self, tree: ast.Module):
        self.module = Scope(tree, None, "<module>")
        self.calls: list[Use] = []
        self.functions: dict[str, list[Scope]] = defaultdict(list)
        self.classes: dict[str, Scope] = {}
        self.scope_of: dict[ast.AST, Scope] = {tree: self.module}
        self._statements(tree.body, self.module, ())
        self.calls.sort(key=lambda use: (use.node.lineno, use.node.col_offset))

    # -- following variables

    def values(self, node: ast.expr, scope: Scope, path: Path = (), depth: int = 12) -> list[Use]:
        """The expressions that an expression may stand for, variables followed as far as the text
        says. What cannot be followed stays as it is, so that a caller sees that it is unknown."""
        found: list[Use] = []
        self._follow(Use(node, scope, path), depth, set(), found)
        return found[:MOST_ALTERNATIVES]

    def _follow(self, use: Use, depth: int, seen: set[int], found: list[Use]) -> None:
        if len(found) > MOST_ALTERNATIVES:
            return
        if isinstance(use.node, ast.IfExp):
            self._follow(use._replace(node=use.node.body), depth, seen, found)
            self._follow(use._replace(node=use.node.orelse), depth, seen, found)
            return
        if isinstance(use.node, ast.NamedExpr):
            self._follow(use._replace(node=use.node.value), depth, seen, found)
            return
        sources = self.sources(use) if depth > 0 else []
        if not sources:
            found.append(use)
            return
        for source in sources:
            if source is None:
                found.append(use)
            elif id(source.node) not in seen:
                seen.add(id(source.node))
                self._follow(source, depth - 1, seen, found)

    def sources(self, use: Use) -> list[Use | None]:
        """What a variable was bound to, one step back; None for a binding that the text leaves open;
        empty for what is no variable of this file."""
        node, scope, path = use
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = scope.class_scope()
            if owner is None or node.value.id != scope.self_name():
                return []
            return [
                Use(binding.value, inner, binding.path) if binding.value is not None else None
                for inner, binding in owner.attributes.get(node.attr, ())
            ]
        if not isinstance(node, ast.Name):
            return []
        home, bindings = self.lookup(node, scope, path)
        found: list[Use | None] = []
        for binding in bindings:
            if binding.parameter:
                found.extend(self.arguments(home, binding.name) or [None])
            elif isinstance(binding.node, (FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
                return []
            else:
                found.append(Use(binding.value, home, binding.path) if binding.value is not None else None)
        return found

    def lookup(self, node: ast.Name, scope: Scope, path: Path = ()) -> tuple[Scope, list[Binding]]:
        """The scope that binds a name, and the bindings that may hold where it is used."""
        current: Scope | None = scope
        place = (node.lineno, node.col_offset)
        while current is not None:
            bindings = current.bindings.get(node.id)
            if bindings and (not current.is_class or current is scope):
                if current is scope.function() or current is scope:
                    return current, _reaching(bindings, place, path)
                return current, bindings
            current = current.parent
        return self.module, []

    def arguments(self, function: Scope, name: str) -> list[Use]:
        """What is passed for a parameter at the calls of its function, and its default."""
        node = function.node
        if not isinstance(node, (FunctionDef, ast.Lambda)):
            return []
        positional = positional_parameters(node.args)
        is_method = function.parent is not None and function.parent.is_class
        found: list[Use] = []
        for use in self.calls_to(function):
            argument = argument_for(use.node, name, positional[1:] if is_method else positional)
            if argument is not None and not _inside(use.scope, function):
                found.append(use._replace(node=argument))
        default = default_for(node.args, name)
        if default is not None and not found:
            found.append(Use(default, function.parent or function, function.path))
        return found

    def calls_to(self, function: Scope) -> list[Use]:
        """The calls of a function of the file by its name; of `__init__` those of its class."""
        name = function.name
        if name == "__init__" and function.parent is not None and function.parent.is_class:
            name = function.parent.name
        elif function.parent is not None and function.parent.is_class:
            name = f".{name}"
        return self.calls_of(name)

    def calls_of(self, name: str) -> list[Use]:
        """The calls of a name, or with a point before it of an attribute (`.forward`)."""
        return self._calls_by_name.get(name, [])

    @cached_property
    def _calls_by_name(self) -> dict[str, list[Use]]:
        calls: dict[str, list[Use]] = defaultdict(list)
        for use in self.calls:
            callee = use.node.func  # type: ignore[attr-defined]
            if isinstance(callee, ast.Name):
                calls[callee.id].append(use)
            elif isinstance(callee, ast.Attribute):
                calls[f".{callee.attr}"].append(use)
        return calls

    # -- building

    def _statements(self, body: list[ast.stmt], scope: Scope, path: Path) -> None:
        for statement in body:
            self._statement(statement, scope, path)

    def _statement(self, node: ast.stmt, scope: Scope, path: Path) -> None:
        if isinstance(node, FunctionDef):
            self._bind(scope, Binding(node.name, None, node, path))
            for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
                self._expression(part, scope, path)
            inner = self._enter(node, scope, node.name, path)
            self.functions[node.name].append(inner)
            self._statements(node.body, inner, ())
        elif isinstance(node, ast.ClassDef):
            self._bind(scope, Binding(node.name, None, node, path))
            for part in (*node.decorator_list, *node.bases, *(item.value for item in node.keywords)):
                self._expression(part, scope, path)
            inner = self._enter(node, scope, node.name, path)
            self.classes.setdefault(node.name, inner)
            self._statements(node.body, inner, ())
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            self._expression(node.value, scope, path)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self._expression(target, scope, path)
                value = node.value
                if isinstance(node, ast.AugAssign):
                    value = _at(ast.BinOp(_loaded(target), node.op, node.value), node)
                if value is not None:
                    self._assign(target, value, node, scope, path)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                self._bind(scope, Binding(name, None, node, path))
        else:
            self._block(node, scope, path)

    def _block(self, node: ast.stmt, scope: Scope, path: Path) -> None:
        """Loops, branches and the like: their expressions, what their headers bind, their bodies."""
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self._expression(node.iter, scope, path)
            body = (*path, (id(node), node._fields.index("body")))
            self._assign(node.target, _element(node.iter), node, scope, body)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self._expression(item.context_expr, scope, path)
                if item.optional_vars is not None:
                    self._assign(item.optional_vars, None, node, scope, path)
        for number, (name, value) in enumerate(ast.iter_fields(node)):
            if name in ("iter", "target", "items"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.stmt):
                    through = isinstance(node, _TRANSPARENT) and name in ("body", "finalbody")
                    self._statement(child, scope, path if through else (*path, (id(node), number)))
                elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                    self._statements(child.body, scope, (*path, (id(child), 0)))
                elif isinstance(child, ast.expr):
                    self._expression(child, scope, path)

    def _enter(self, node: ast.AST, scope: Scope, name: str, path: Path) -> Scope:
        inner = Scope(node, scope, name, path)
        self.scope_of[node] = inner
        if isinstance(node, (FunctionDef, ast.Lambda)):
            for parameter in parameter_names(node.args):
                binding = Binding(parameter, None, node, (), True)
                inner.bindings[parameter].append(binding)
        return inner

    def _expression(self, root: ast.expr | None, scope: Scope, path: Path) -> None:
        """Note the calls, and enter lambdas and comprehensions."""
        pending: list[ast.AST] = [root] if root is not None else []
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Lambda):
                for default in (*node.args.defaults, *node.args.kw_defaults):
                    self._expression(default, scope, path)
                self._expression(node.body, self._enter(node, scope, "<lambda>", path), path)
                continue
            if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                inner = self._enter(node, scope, "<comprehension>", path)
                for part in node.generators:
                    self._assign(part.target, _element(part.iter), node, inner, path)
                    for condition in (part.iter, *part.ifs):
                        self._expression(condition, inner, path)
                results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                for result in results:
                    self._expression(result, inner, path)
                continue
            if isinstance(node, ast.Call):
                self.calls.append(Use(node, scope, path))
            elif isinstance(node, ast.NamedExpr):
                self._assign(node.target, node.value, node, scope, path)
            pending.extend(ast.iter_child_nodes(node))

    def _assign(
        self, target: ast.expr, value: ast.expr | None, node: ast.AST, scope: Scope, path: Path
    ) -> None:
        if isinstance(target, ast.Name):
            self._bind(scope, Binding(target.id, value, node, path))
        elif isinstance(target, (ast.Tuple, ast.List)):
            for index, item in enumerate(target.elts):
                self._assign(item, _item(value, index, target.elts), node, scope, path)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, None, node, scope, path)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            owner = scope.class_scope()
            if owner is not None and target.value.id == scope.self_name():
                binding = Binding(target.attr, value, node, path)
                owner.attributes[target.attr].append((scope, binding))

    def _bind(self, scope: Scope, binding: Binding) -> None:
        scope.bindings[binding.name].append(binding)


def _reaching(bindings: list[Binding], place: tuple[int, int], path: Path) -> list[Binding]:
    """The bindings of one scope that may hold at a place: those before it, back to one that always
    runs on the way there; all of them where none stands before it (in a loop, or a function)."""
    found: list[Binding] = []
    for binding in reversed(bindings):
        if binding.effective > place and not binding.parameter:
            continue
        if excludes(binding.path, path):
            continue
        found.append(binding)
        if path[: len(binding.path)] == binding.path:
            break
    return found or bindings


def excludes(one: Path, other: Path) -> bool:
    """Whether two places stand in different branches of the same block."""
    for (block, branch), (other_block, other_branch) in zip(one, other, strict=False):
        if block != other_block:
            return False
        if branch != other_branch:
            return True
    return False


def _inside(scope: Scope | None, function: Scope) -> bool:
    while scope is not None:
        if scope is function:
            return True
        scope = scope.parent
    return False


def _at(new: ast.expr, node: ast.AST) -> ast.expr:
    return ast.fix_missing_locations(ast.copy_location(new, node))


def _loaded(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _element(iterable: ast.expr) -> ast.expr:
    """The first element of an iterable, as an expression."""
    inner = _at(ast.Call(ast.Name("iter", ast.Load()), [iterable], []), iterable)
    return _at(ast.Call(ast.Name("next", ast.Load()), [inner], []), iterable)


def _item(value: ast.expr | None, index: int, targets: list[ast.expr]) -> ast.expr | None:
    """What the target number `index` gets when a value is unpacked."""
    if value is None or any(isinstance(target, ast.Starred) for target in targets[: index + 1]):
        return None
    if isinstance(value, (ast.Tuple, ast.List)):
        if len(value.elts) == len(targets) and not any(isinstance(item, ast.Starred) for item in value.elts):
            return value.elts[index]
        return None
    return _at(ast.Subscript(value, ast.Constant(index), ast.Load()), value)


def argument_for(call: ast.AST, name: str, positional: list[str]) -> ast.expr | None:
    """What a call passes for a parameter, where the text says it."""
    if not isinstance(call, ast.Call):
        return None
    for item in call.keywords:
        if item.arg == name:
            return item.value
    if name in positional:
        index = positional.index(name)
        if index < len(call.args) and not any(
            isinstance(item, ast.Starred) for item in call.args[: index + 1]
        ):
            return call.args[index]
    return None


def default_for(arguments: ast.arguments, name: str) -> ast.expr | None:
    """The default of a parameter, if it has one."""
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    for argument, default in zip(with_default, arguments.defaults, strict=True):
        if argument.arg == name:
            return default
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if argument.arg == name:
            return keyword_default
    return None
