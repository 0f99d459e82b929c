"""What the text of a file says: its models, how the file builds them, with what input."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cnnlint.diagnostic import Span
from cnnlint.evidence import spelling
from cnnlint.evidence.constructions import ranked
from cnnlint.evidence.conventions import CONVENTIONAL_ARGUMENTS, counts_classes
from cnnlint.evidence.directives import Directives
from cnnlint.evidence.facts import Construction, Survey, Target
from cnnlint.evidence.gathering import EvidenceReader
from cnnlint.evidence.instances import Instances
from cnnlint.evidence.models import Models, Verdict
from cnnlint.evidence.neighbours import Neighbours
from cnnlint.evidence.nested import definition
from cnnlint.source.expressions import Expression, Expressions
from cnnlint.source.file import SourceFile
from cnnlint.source.names import FunctionDef, Imports, needs
from cnnlint.source.scopes import Binding, Scope, Scopes, Use, excludes
from cnnlint.source.slice import is_main_guard
from cnnlint.traces import Problem

_MAY_HOLD_A_MODEL = re.compile(r"torch|timm|lightning|fastai|\bnn\b|\bforward\b")


@dataclass(frozen=True)
class Candidate:
    """Something in the file that may be a target.

    Attributes:
        node: the class, the function, or the call that a variable holds.
        definition: as in `Target`.
    """

    name: str
    kind: str
    node: ast.AST
    span: Span
    constructions: tuple[Construction, ...] = ()
    definition: Expression | None = None

    @property
    def row(self) -> int:
        return self.span.row


def survey(file: SourceFile, asked_for: frozenset[str] = frozenset()) -> Survey:
    """The models of a file, as far as its text says. The text must parse.

    What is `asked_for` by its name is a target also where it is a part of another model.
    """
    if not _MAY_HOLD_A_MODEL.search(file.text):
        return Survey(())
    try:
        return _Surveyor(file, asked_for).survey()
    except RecursionError:
        place = Span(file.filename, 1, 1, 1, 1)
        return Survey((), (Problem("syntax-error", "the code is nested too deeply to be read", place),))


class _Surveyor:
    """The steps of a survey, and what they share."""

    def __init__(self, file: SourceFile, asked_for: frozenset[str]):
        self.file = file
        self.misspelt = spelling.mend(file)
        self.imports = Imports(file.tree)
        self.scopes = Scopes(file.tree)
        self.models = Models(file.tree, self.imports)
        neighbours = Neighbours(file.filename)
        self.instances = Instances(file.tree, self.imports, self.scopes, self.models, neighbours)
        self.expressions = Expressions(file, self.scopes, self.imports)
        self.directives = Directives(file)
        self.asked_for = asked_for | self.directives.named_models()
        self.factories: frozenset[str] = frozenset(self.instances.factories)
        self._out_of_reach: dict[Scope, list[Span]] = {}

    def survey(self) -> Survey:
        factories = list(self._factories())
        self.factories = frozenset(factory.name for factory in factories)
        candidates = [*self._classes(), *factories, *self._variables()]
        roots = sorted(self._roots(candidates), key=lambda candidate: candidate.row)
        evidence = EvidenceReader(self.file, self.imports, self.scopes, self.instances, self.expressions)
        targets = [self._target(root) for root in roots]
        targets = evidence.complete(targets, [root.node for root in roots], self.directives)
        known = {candidate.name for candidate in candidates}
        problems = (*self.directives.problems(known), *self._unreached(), *self.misspelt)
        return Survey(tuple(targets), problems)

    def _unreached(self) -> Iterator[Problem]:
        """A problem for each function whose classes cannot be had, since nothing calls it."""
        for function, spans in self._out_of_reach.items():
            names = " and ".join(self.file.segment(span) for span in spans)
            yield Problem(
                "missing-arguments",
                f"{names}: defined inside {function.name}, which nothing in the file calls",
                spans[0],
                help=f"give the parameters of {function.name} defaults, or define the class outside of it",
                model=self.file.segment(spans[-1]),
            )

    # -- candidates

    def _classes(self) -> Iterator[Candidate]:
        mentions_torch = any(
            meaning.partition(".")[0].startswith(
                ("torch", "timm", "lightning", "pytorch_lightning", "fastai")
            )
            for meaning in (*self.imports.table.values(), *self.imports.stars)
        )
        for name, node in self.models.classes.items():
            if not self.models.is_model(name):
                continue
            own_forward = self.models.method(name, "forward") is not None
            if self.models.verdict(name) is Verdict.UNKNOWN and not (mentions_torch or own_forward):
                continue
            constructions = self._constructions(name)
            if not constructions and name not in self.asked_for and self._is_base(name):
                continue
            yield from self._defined(name, "class", self.scopes.scope_of[node], constructions)

    def _factories(self) -> Iterator[Candidate]:
        """The factories that can be called. One whose arguments nobody in the file gives is a helper, unless
        it asks for the number of classes: what it builds is listed in its place. A model of another file is
        not, so that the factory stands for it which gives it the parts of this one."""
        for name, scope in self.instances.factories.items():
            constructions = self._constructions(name)
            required = self.instances.required_parameters(name)
            conventional = CONVENTIONAL_ARGUMENTS.keys() >= {*required} and any(map(counts_classes, required))
            whole = self.instances.hands_parts_to_imported(name)
            if constructions or not required or conventional or whole or name in self.asked_for:
                yield from self._defined(name, "factory", scope, constructions)

    def _defined(
        self, name: str, kind: str, scope: Scope, constructions: tuple[Construction, ...]
    ) -> Iterator[Candidate]:
        """The class or factory, unless it is defined inside another model, or inside a function for which
        the text does not say with what it is called."""
        span = self.file.span_of_name(scope.node, name)
        if scope.parent is self.scopes.module:
            yield Candidate(name, kind, scope.node, span, constructions)
        elif scope.parent and (name in self.asked_for or not self._inside_model(scope.parent)):
            inner = definition(scope, self.expressions)
            if inner is None and not constructions:
                if kind == "class":  # a factory there is what its function returns
                    self._out_of_reach.setdefault(scope.parent, []).append(span)
            else:
                built = tuple(_within(inner, item) for item in constructions)
                yield Candidate(name, kind, scope.node, span, built, inner)

    def _variables(self) -> Iterator[Candidate]:
        """Variables of the module and of functions that hold a model which no class of the file is."""
        for scope in self.scopes.scope_of.values():
            if scope.class_scope() is not None or not (scope.is_function or scope is self.scopes.module):
                continue
            if scope.is_function and scope.name in self.instances.factories:
                continue
            for name, bindings in list(scope.bindings.items()):
                held = [(binding, call) for binding in bindings for call in self._held(binding, scope)]
                held = [
                    (binding, call)
                    for number, (binding, call) in enumerate(held)
                    if not any(excludes(binding.path, later.path) for later, _ in held[number + 1 :])
                ]
                for binding, call in held:
                    assert binding.value is not None
                    expression = self._held_value(name, binding, scope, len(held) > 1)
                    if expression is None:
                        continue
                    construction = Construction(
                        expression, "evidence", f"as in {self.file.line(binding.row)}"
                    )
                    span = self._variable_span(binding, name)
                    yield Candidate(name, "variable", call, span, (construction,))

    def _held(self, binding: Binding, scope: Scope) -> Iterator[ast.Call]:
        """The call by which a binding's value is a model of its own: `nn.Sequential(...).to(device)`."""
        value = binding.value
        while isinstance(value, (ast.Call, ast.Attribute)):
            if isinstance(value, ast.Call) and (
                self.models.is_sequential(value) or self.models.library_model(value)
            ):
                yield value
                return
            if isinstance(value, ast.Attribute):
                value = value.value if value.attr == "features" else None
            elif isinstance(value.func, ast.Attribute):
                origin = self.instances.origin(Use(value, scope, binding.path))
                value = value.func.value if isinstance(origin, ast.Call) else None
            else:
                return

    def _held_value(self, name: str, binding: Binding, scope: Scope, several: bool) -> Expression | None:
        """How to get what the variable holds: in the module by its name, with the changes that other
        statements make to it; locally by what runs before the end of its function."""
        assert binding.value is not None
        span = self.file.span(binding.value)
        if several:
            return self.expressions.make(Use(binding.value, scope, binding.path))
        if scope is self.scopes.module and not self._in_main_guard(binding.row):
            return Expression(name, "", frozenset({name}), span)
        return self.expressions.after(name, scope, binding.value)

    def _in_main_guard(self, row: int) -> bool:
        return any(
            is_main_guard(node) and node.lineno <= row <= (node.end_lineno or 0)
            for node in self.file.tree.body
        )

    # -- constructions

    def _constructions(self, name: str) -> tuple[Construction, ...]:
        """What comments and the calls in the file say of building a class or factory, best first."""
        calls = [use for use in self.scopes.calls_of(name) if not self._inside_model(use.scope)]
        return (*self.directives.model(name), *ranked(calls, self.expressions))

    def _inside_model(self, scope: Scope) -> bool:
        """Whether code stands in a model class or in a factory: what is built there is a part."""
        owner = scope.class_scope()
        if owner is not None and self.models.is_model(owner.name):
            return True
        current: Scope | None = scope
        while current is not None:
            if current.name in self.factories and self.instances.factories[current.name] is current:
                return True
            current = current.parent
        return False

    def _is_base(self, name: str) -> bool:
        """Whether other models of the file derive from a class."""
        return any(
            isinstance(base, ast.Name) and base.id == name and self.models.is_model(other)
            for other, node in self.models.classes.items()
            if other != name
            for base in node.bases
        )

    # -- whole models and parts

    def _references(self, candidate: Candidate, candidates: frozenset[str]) -> frozenset[str]:
        """The names that building and running a model refers to: helpers of the file are followed, and so
        are classes that are no `candidates` themselves (bases, which their heirs stand for)."""
        found: set[str] = set()
        pending = list(self._mentioned_by(candidate.node))
        while pending:
            name = pending.pop()
            if name in found:
                continue
            found.add(name)
            if name in candidates and (name in self.factories or self.models.is_model(name)):
                continue
            for binding in self.scopes.module.bindings.get(name, ()):
                inner = binding.value or binding.node
                if isinstance(inner, (ast.expr, FunctionDef, ast.ClassDef)):
                    pending.extend(self._mentioned_by(inner))
        if candidate.kind == "class":
            found -= self._apart_from_forward(candidate.name)
        return frozenset(found)

    def _mentioned_by(self, node: ast.AST) -> set[str]:
        """The names that a piece of code needs; for a class, also what its bases in the file do."""
        nodes: list[ast.AST] = [*self.models.chain(node.name)] if isinstance(node, ast.ClassDef) else []
        return {name for part in nodes or [node] for name in _mentioned(part) & needs(part).names}

    def _apart_from_forward(self, name: str) -> frozenset[str]:
        """The classes that a class builds for attributes which its forward does not use, nor a part that
        it hands them to: a Lightning module holds a discriminator beside the generator that it calls."""
        forward = self.models.method(name, "forward")
        if forward is None:
            return frozenset()
        used = self._handed_to_parts(name)
        pending = [forward]
        while pending:
            new = needs(pending.pop()).attributes - used
            used |= new
            pending += [
                method for method in (self.models.method(name, attribute) for attribute in new) if method
            ]
        apart: set[str] = set()
        within: set[str] = set()
        for attribute, assigned in self.scopes.classes[name].attributes.items():
            for _, binding in assigned:
                call = binding.value
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    (within if attribute in used else apart).add(call.func.id)
        return frozenset(apart - within)

    def _handed_to_parts(self, name: str) -> set[str]:
        """The attributes that a class gives to the modules which it builds: `Block(norm=self.norm)`."""
        return {
            part.attr
            for node in ast.walk(self.models.classes[name])
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and self.models.is_module(node.func.id)
            for argument in (*node.args, *(item.value for item in node.keywords))
            for part in (argument.elts if isinstance(argument, ast.Tuple | ast.List) else [argument])
            if isinstance(part, ast.Attribute)
        }

    def _roots(self, candidates: list[Candidate]) -> Iterator[Candidate]:
        """The candidates that no other one refers to (of two that refer to each other, the last)."""
        parts_given = self._given_to_models()
        names = frozenset(candidate.name for candidate in candidates)
        references = {id(candidate): self._references(candidate, names) for candidate in candidates}
        for candidate in candidates:
            own = references[id(candidate)]
            users = [
                other
                for other in candidates
                if other.node is not candidate.node
                and candidate.name in references[id(other)]
                and not (other.name in own and other.row < candidate.row)
                and not (candidate.kind == other.kind == "variable" and other.name == candidate.name)
            ]
            if candidate.name in self.asked_for or not (users or candidate.name in parts_given):
                yield candidate

    def _given_to_models(self) -> set[str]:
        """The names that are handed to the constructor of a model: `Net(encoder, Block)`."""
        given: set[str] = set()
        for use in self.scopes.calls:
            call = use.node
            assert isinstance(call, ast.Call)
            builds = isinstance(call.func, ast.Name) and (
                self.models.is_module(call.func.id) or call.func.id in self.instances.factories
            )
            if builds or self.models.is_sequential(call):
                for argument in (*call.args, *(item.value for item in call.keywords)):
                    given |= needs(argument).names
        return given

    # -- targets

    def _target(self, candidate: Candidate) -> Target:
        certain = candidate.kind != "class" or self.models.verdict(candidate.name) is Verdict.MODEL
        return Target(
            candidate.name,
            candidate.kind,
            candidate.span,
            candidate.constructions,
            certain=certain,
            definition=candidate.definition,
        )

    def _variable_span(self, binding: Binding, name: str) -> Span:
        for node in ast.walk(binding.node):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
                return self.file.span(node)
        return self.file.span(binding.node)


def _within(definition: Expression | None, construction: Construction) -> Construction:
    """A construction that a comment gives, where the class is defined inside a function."""
    if definition is None or construction.source != "comment":
        return construction
    call = construction.expression
    inner = replace(definition, text=call.text, names=definition.names | call.names, span=call.span)
    return replace(construction, expression=inner)


def _mentioned(node: ast.AST) -> set[str]:
    """The names that code loads, leaving out annotations, bases, decorators and type tests."""
    found: set[str] = set()
    pending: list[ast.AST] = [node]
    while pending:
        current = pending.pop()
        children: Iterable[ast.AST] = ast.iter_child_nodes(current)
        if isinstance(current, ast.Name) and isinstance(current.ctx, ast.Load):
            found.add(current.id)
        elif isinstance(current, ast.ClassDef):
            children = current.body
        elif isinstance(current, FunctionDef):
            defaults = [
                *current.args.defaults,
                *(item for item in current.args.kw_defaults if item is not None),
            ]
            children = [*current.body, *defaults]
        elif isinstance(current, ast.AnnAssign):
            children = [current.value] if current.value is not None else []
        elif _is_type_test(current):
            children = []
        pending.extend(children)
    return found


def _is_type_test(node: ast.AST) -> bool:
    """Whether a node is `isinstance(...)` or `super(Net, self)`, which build nothing."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id in ("isinstance", "issubclass", "super")
