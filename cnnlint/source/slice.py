"""The backward slice: the statements of a module, or of a function, that given names need.

A body is taken apart into units (simple statements, and the headers of loops and `with` blocks that
bind names); names lead to units and units to further names until nothing is added. The blocks around
the kept units are then built anew, holding no more than what was kept. Training loops, prints and
data loading fall away because nothing asks for what they define.
"""

from __future__ import annotations

import ast
import copy
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TypeGuard

from cnnlint.source.file import SourceFile
from cnnlint.source.names import (
    BUILTINS,
    FunctionDef,
    Imports,
    Need,
    bound_names,
    needs,
    target_names,
)

INERT_METHODS = frozenset(
    """apply backward bfloat16 close compile cpu cuda debug double error eval fit flush half info join
    load_state_dict log plot print_help print_usage requires_grad_ save setLevel share_memory show start
    step summary to train warning write writerow zero_grad""".split()
)
"""Methods whose call as a statement changes nothing that a model's structure rests on."""

LIBRARIES = frozenset({"torch", "torchvision", "torchaudio", "timm", "numpy"}) | sys.stdlib_module_names
"""Packages that are found without the file's own changes to `sys.path`."""

Block = (
    ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match
)


@dataclass(eq=False)
class _Unit:
    """A simple statement, or the header of a block that binds names (`header`)."""

    node: ast.stmt
    blocks: tuple[Block, ...]
    guarded: bool
    header: bool = False
    tried_in: Block | None = None
    """The innermost `try` whose body it stands in."""

    @cached_property
    def need(self) -> Need:
        """What running the statement needs (for a class, see `BodySlice._class_need`)."""
        return needs(self.node)

    @cached_property
    def in_loop(self) -> bool:
        """Whether it stands in a loop, or is the header of one."""
        blocks = (*self.blocks, self.node)
        return any(isinstance(block, (ast.For, ast.AsyncFor, ast.While)) for block in blocks)


@dataclass
class _Kept:
    """What is in the slice so far."""

    units: set[_Unit] = field(default_factory=set)
    nodes: set[ast.stmt] = field(default_factory=set)
    blocks: set[Block] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    methods: dict[str, list[FunctionDef]] = field(default_factory=lambda: defaultdict(list))


class BodySlice:
    """The slices of one body of statements.

    Attributes:
        bound: all names that the body binds.
    """

    def __init__(self, body: Sequence[ast.stmt], imports: Imports):
        self._body = body
        self._imports = imports
        self._units: list[_Unit] = []
        self._take_apart(body, (), False, None)
        self._defining: dict[str, list[_Unit]] = defaultdict(list)
        self._changing: dict[str, list[_Unit]] = defaultdict(list)
        self._in_block: dict[Block, list[_Unit]] = defaultdict(list)
        self._needs = cache(needs)  # of methods, which several slices of a module share
        groups: dict[str, str] = {}
        for unit in self._units:
            for name in _defined(unit):
                self._defining[name].append(unit)
            for block in unit.blocks:
                self._in_block[block].append(unit)
            if not unit.header:
                groups.update(_argument_group(unit.node))
        for unit in self._units:
            for name in self._changed(unit):
                while name not in self._seen(unit, name) and name:
                    self._changing[name].append(unit)
                    name = groups.get(name, "")
        self.bound = frozenset(self._defining)

    def _seen(self, unit: _Unit, name: str) -> tuple[str, ...]:
        """The name itself where this unit is already known to change it (groups may form a ring)."""
        changing = self._changing.get(name)
        return (name,) if changing and changing[-1] is unit else ()

    def close(self, names: Iterable[str]) -> tuple[list[ast.stmt], frozenset[str]]:
        """The statements that the names need, in source order, and all names that these refer to."""
        kept = _Kept()
        self._need(kept, Need(frozenset(names), frozenset()))
        while self._complete(kept):
            pass
        return self._prune(self._body, kept), frozenset(kept.names)

    # -- from names to units

    def _need(self, kept: _Kept, need: Need) -> None:
        pending = [need]
        while pending:
            wanted = pending.pop()
            for attribute in wanted.attributes - kept.attributes:
                kept.attributes.add(attribute)
                pending.extend(self._needs(method) for method in kept.methods.pop(attribute, ()))
            for name in wanted.names - kept.names:
                kept.names.add(name)
                for unit in (*self._definitions(name), *self._changing.get(name, ())):
                    if not unit.guarded or not self._unguarded(name):
                        pending.extend(self._keep(kept, unit))

    def _unguarded(self, name: str) -> bool:
        return any(not unit.guarded for unit in self._defining.get(name, ()))

    def _definitions(self, name: str) -> list[_Unit]:
        """The units to which a name is owed. Names of a `__main__` block and those that a loop assigns
        anew count only where there is no other definition."""
        units = self._defining.get(name, [])
        for preferred in (
            [unit for unit in units if not unit.guarded and not unit.in_loop],
            [unit for unit in units if not unit.guarded],
        ):
            if preferred:
                return preferred
        return units

    def _keep(self, kept: _Kept, unit: _Unit) -> Iterator[Need]:
        """Put a unit and the blocks around it into the slice; yields what they need."""
        if unit in kept.units:
            return
        kept.units.add(unit)
        kept.nodes.add(unit.node)
        blocks = (*unit.blocks, unit.node) if unit.header else unit.blocks
        for block in blocks:
            if block not in kept.blocks:
                kept.blocks.add(block)  # type: ignore[arg-type]
                yield _header_need(block)
        if unit.header:
            return
        if isinstance(unit.node, ast.ClassDef):
            yield self._class_need(kept, unit.node)
        elif isinstance(unit.node, (ast.Import, ast.ImportFrom)):
            return
        else:
            yield unit.need

    def _class_need(self, kept: _Kept, node: ast.ClassDef) -> Need:
        """What defining a class and running its forward needs. Other methods count once something that
        is kept refers to an attribute of their name: a class may fetch its own data sets."""
        called_by_others = any(self._is_foreign(base) for base in node.bases)
        need = needs(*node.bases, *node.keywords, *node.decorator_list)
        own = frozenset(bound_names(node.body))
        for statement in node.body:
            if not isinstance(statement, FunctionDef):
                inner = self._needs(statement)
                need |= Need(inner.names - own, inner.attributes)
            elif called_by_others or _always_runs(statement) or statement.name in kept.attributes:
                need |= self._needs(statement)
            else:
                kept.methods[statement.name].append(statement)
                need |= self._needs(*statement.decorator_list, statement.args, statement.returns)
        return need

    def _is_foreign(self, base: ast.expr) -> bool:
        """Whether a base class comes from a package that may call any method of the class."""
        meaning = self._imports.qualified(base) or ""
        if not self._imports.is_imported(base):
            return False
        return meaning.partition(".")[0] not in LIBRARIES and not meaning.endswith(
            ("LightningModule", "LightningDataModule", "ABC")
        )

    def _complete(self, kept: _Kept) -> bool:
        """Add what the kept blocks and imports bring along; whether anything was added."""
        before = len(kept.units)
        for block in list(kept.blocks):
            for unit in self._in_block[block]:
                if unit in kept.units or not self._belongs(kept, block, unit):
                    continue
                for need in self._keep(kept, unit):
                    self._need(kept, need)
        imports = [unit.node for unit in kept.units if isinstance(unit.node, (ast.Import, ast.ImportFrom))]
        unknown = {name for name in kept.names if name not in self._defining and name not in BUILTINS}
        for unit in self._units:
            if unit in kept.units or unit.guarded:
                continue
            wanted = False
            if isinstance(unit.node, ast.ImportFrom):
                is_star = any(alias.name == "*" for alias in unit.node.names)
                wanted = unit.node.module == "__future__" or (is_star and bool(unknown))
            elif _changes_search_path(unit.node):
                wanted = any(_is_project_import(node) for node in imports)
            if wanted:
                for need in self._keep(kept, unit):
                    self._need(kept, need)
        return len(kept.units) > before

    def _belongs(self, kept: _Kept, block: Block, unit: _Unit) -> bool:
        """Whether a unit inside a kept block must be kept for the block to mean the same."""
        if isinstance(block, (ast.Try, ast.TryStar)):
            # what the body tries decides whether the handlers run
            return unit.tried_in is block and not isinstance(unit.node, ast.Expr) and bool(block.handlers)
        if isinstance(block, (ast.For, ast.AsyncFor, ast.While)):
            if isinstance(unit.node, (ast.Break, ast.Continue)):
                return True
            return any(name in kept.names for name in _defined(unit))
        return False

    # -- units

    def _take_apart(
        self, body: Iterable[ast.stmt], blocks: tuple[Block, ...], guarded: bool, tried_in: Block | None
    ) -> None:
        for statement in body:
            if not isinstance(statement, Block):
                self._units.append(_Unit(statement, blocks, guarded, tried_in=tried_in))
                continue
            if _header_binds(statement):
                self._units.append(_Unit(statement, blocks, guarded, header=True, tried_in=tried_in))
            inner = (*blocks, statement)
            is_try = isinstance(statement, (ast.Try, ast.TryStar))
            for number, branch in enumerate(branches(statement)):
                main = guarded or (is_main_guard(statement) and number == 0)
                self._take_apart(branch, inner, main, statement if is_try and number == 0 else tried_in)

    def _changed(self, unit: _Unit) -> Iterator[str]:
        """The names whose objects a statement changes, without binding them."""
        if unit.header:
            return
        node = unit.node
        if isinstance(node, ast.AugAssign):
            name = _root(node.target)
            if name:
                yield name
            return
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = [item for target in node.targets for item in _flat(target)]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        for target in targets:
            name = _root(target)
            if name and not isinstance(target, ast.Name) and self._may_change(name):
                yield name
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and function.attr not in INERT_METHODS:
                name = _root(function)
                if name and name not in self._imports.modules and self._may_change(name):
                    yield name
            elif isinstance(function, ast.Name) and function.id == "setattr" and node.value.args:
                name = _root(node.value.args[0])
                if name:
                    yield name

    def _may_change(self, name: str) -> bool:
        """Whether a change of this name's object is the file's matter: settings of torch and its like
        (`torch.backends.cudnn.benchmark`) are not."""
        return self._imports.table.get(name, "").partition(".")[0] not in LIBRARIES

    # -- from units back to statements

    def _prune(self, body: Iterable[ast.stmt], kept: _Kept) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            if isinstance(statement, Block):
                if statement in kept.blocks:
                    found.append(self._prune_block(statement, kept))
            elif statement in kept.nodes:
                found.append(_prune_import(statement, kept.names))
        return found

    def _prune_block(self, block: Block, kept: _Kept) -> ast.stmt:
        pruned = copy.copy(block)
        if isinstance(pruned, ast.Match):
            pruned.cases = [copy.copy(case) for case in pruned.cases]
            for case in pruned.cases:
                case.body = self._prune(case.body, kept) or [ast.copy_location(ast.Pass(), block)]
            return pruned
        pruned.body = self._prune(pruned.body, kept) or [ast.copy_location(ast.Pass(), block)]
        if isinstance(pruned, (ast.Try, ast.TryStar)):
            pruned.handlers = [copy.copy(handler) for handler in pruned.handlers]
            for handler in pruned.handlers:
                handler.body = self._prune(handler.body, kept) or [ast.copy_location(ast.Pass(), handler)]
            pruned.finalbody = self._prune(pruned.finalbody, kept)
            if not pruned.handlers and not pruned.finalbody:
                pruned.finalbody = [ast.copy_location(ast.Pass(), block)]
        if not isinstance(pruned, (ast.With, ast.AsyncWith)):
            pruned.orelse = self._prune(pruned.orelse, kept)
        if isinstance(block, ast.If) and isinstance(pruned, ast.If) and self._must_branch(block, kept):
            _last_of_chain(pruned).orelse = pruned.body
        return pruned

    def _must_branch(self, block: ast.If, kept: _Kept) -> bool:
        """Whether some branch of an `if` without `else` has to be taken, since each of them assigns a
        needed name that nothing else defines (`if dataset == "mnist": nc = 1 elif …`): then the
        first one stands for the case that none applies."""
        if is_main_guard(block):
            return False
        common: frozenset[str] | None = None
        chain: ast.If | None = block
        while chain is not None:
            assigned = frozenset(
                name
                for statement in chain.body
                if isinstance(statement, (ast.Assign, ast.AnnAssign))
                for name in bound_names([statement])
            )
            common = assigned if common is None else common & assigned
            if not chain.orelse:
                break
            chain = (
                chain.orelse[0] if len(chain.orelse) == 1 and isinstance(chain.orelse[0], ast.If) else None
            )
        if chain is None or not common:
            return False
        return any(all(block in unit.blocks for unit in self._defining[name]) for name in common & kept.names)


class ModuleSlice:
    """The slices of a module. Positions in the statements are those of the file."""

    def __init__(self, file: SourceFile, imports: Imports | None = None):
        self._body = BodySlice(file.tree.body, imports or Imports(file.tree))

    def closure(self, names: Iterable[str]) -> list[ast.stmt]:
        """The statements that these names need, transitively, in source order."""
        return self._body.close(names)[0]


def is_main_guard(node: ast.AST) -> TypeGuard[ast.If]:
    """Whether a statement is `if __name__ == "__main__":`."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def branches(block: Block) -> Iterator[list[ast.stmt]]:
    """The bodies of a block."""
    if isinstance(block, ast.Match):
        for case in block.cases:
            yield case.body
        return
    yield block.body
    if isinstance(block, (ast.Try, ast.TryStar)):
        for handler in block.handlers:
            yield handler.body
    if not isinstance(block, (ast.With, ast.AsyncWith)):
        yield block.orelse
    if isinstance(block, (ast.Try, ast.TryStar)):
        yield block.finalbody


def _header_binds(block: Block) -> bool:
    return isinstance(block, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)) or (
        isinstance(block, (ast.If, ast.While))
        and any(isinstance(node, ast.NamedExpr) for node in ast.walk(block.test))
    )


def _header_parts(block: ast.AST) -> list[ast.AST]:
    if isinstance(block, (ast.If, ast.While)):
        return [block.test]
    if isinstance(block, (ast.For, ast.AsyncFor)):
        return [block.iter, block.target]
    if isinstance(block, (ast.With, ast.AsyncWith)):
        return list(block.items)
    if isinstance(block, ast.Match):
        return [block.subject, *(part for case in block.cases for part in (case.pattern, case.guard) if part)]
    if isinstance(block, (ast.Try, ast.TryStar)):
        return [handler.type for handler in block.handlers if handler.type]
    return []


def _header_need(block: ast.AST) -> Need:
    return needs(*_header_parts(block))


def _defined(unit: _Unit) -> Iterator[str]:
    """The names that a unit binds."""
    if unit.header:
        yield from bound_names(_header_parts(unit.node))
    elif not isinstance(unit.node, ast.Delete) and not _is_bare_annotation(unit.node):
        yield from bound_names([unit.node])


def _is_bare_annotation(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and node.value is None


def _always_runs(method: FunctionDef) -> bool:
    """Whether torch or Python calls a method without the file's text naming it."""
    return method.name.startswith(("__", "forward")) or bool(method.decorator_list)


def _flat(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _flat(item)
    else:
        yield target


def _root(node: ast.AST) -> str | None:
    """`parser` for `parser.add_argument_group("a").add_argument`."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _argument_group(node: ast.stmt) -> dict[str, str]:
    """`{"group": "parser"}` for `group = parser.add_argument_group()`: what is added to the group is
    added to the parser."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
        return {}
    function = node.value.func
    owner = _root(function)
    if owner is None or not isinstance(function, ast.Attribute) or not function.attr.startswith("add_"):
        return {}
    return {name: owner for target in node.targets for name in target_names(target)}


def _changes_search_path(node: ast.stmt) -> bool:
    """Whether a statement sets up where modules are found."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        text = ast.unparse(node.value.func)
        return text.startswith("sys.path.") or text == "site.addsitedir"
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(ast.unparse(target).startswith("sys.path") for target in targets)
    return False


def _is_project_import(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or (node.module or "").partition(".")[0] not in LIBRARIES
    return any(alias.name.partition(".")[0] not in LIBRARIES for alias in node.names)


def _prune_import(node: ast.stmt, names: set[str]) -> ast.stmt:
    """An import without the names that nothing needs."""
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return node
    wanted = [
        alias
        for alias in node.names
        if alias.name == "*" or (alias.asname or alias.name.partition(".")[0]) in names
    ]
    if not wanted or len(wanted) == len(node.names):
        return node
    pruned = copy.copy(node)
    pruned.names = wanted
    return pruned


def _last_of_chain(node: ast.If) -> ast.If:
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
    return node
