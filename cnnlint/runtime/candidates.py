"""The ways in which a target may be built, best first."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from cnnlint.evidence.conventions import CONVENTIONAL_ARGUMENTS, counts_classes
from cnnlint.evidence.facts import Construction, Target
from cnnlint.job import called_name
from cnnlint.runtime import conventional
from cnnlint.runtime.errors import hand_over, words
from cnnlint.runtime.frames import UserFiles
from cnnlint.runtime.lacking import leaves_open
from cnnlint.runtime.loader import ArgumentsMissing, Placeholder, SlicedModule, Unavailable
from cnnlint.source.expressions import Expression
from cnnlint.traces import Degree, GivenArgument


class NotAModel(Exception):
    """What was built is no module."""


@dataclass
class Candidate:
    """A way to build a target: `make` runs it in a loaded module. A `guessed` one may be wrong, so that
    a call which cannot be evaluated says nothing about the model; of a `tentative` one nothing that raises
    does. The arguments of one that is `made_up` are by their names alone; `varied`, after `make`, gives them
    other values. `note` is what the report says, and `arguments` are those that the text does not give."""

    text: str
    make: Callable[[SlicedModule], Any]
    guessed: bool = False
    tentative: bool = False
    made_up: bool = False
    varied: Callable[[conventional.Change, SlicedModule], Any] | None = None
    note: Callable[[SlicedModule], str] | None = None
    arguments: Callable[[], tuple[GivenArgument, ...]] = tuple


def candidates(
    target: Target,
    given: Sequence[str],
    files: UserFiles,
    elsewhere: Callable[[], Iterator[Candidate]],
    settings: conventional.Settings,
) -> Iterator[Candidate]:
    """The ways to build a target: calls `given` by the option, what the file says, what the project's
    other files say (looked up only when it comes to that), the defaults, and values by the arguments'
    names: those that the project `settings` give, and conventional ones."""
    for text in given:
        if called_name(text) == target.name:
            expression = Expression(text, "", _names_in(text), target.span)
            if inner := target.definition:
                expression = replace(inner, text=text, names=inner.names | expression.names)
            yield Candidate(text, _evaluation(expression))
    for item in target.constructions:
        guessed = item.source not in ("comment", "configuration") and target.kind != "variable"
        yield Candidate(item.expression.text, _evaluation(item.expression), guessed)
    if target.kind == "variable":
        return
    yield from (partly(target, item, settings) for item in target.constructions)
    if target.definition is None:
        yield from elsewhere()
    yield Candidate(f"{target.name}()", lambda module: _with_defaults(module, target, files))
    guess = _ByName(target, settings)
    yield Candidate(
        f"{target.name}(…)",
        guess.make,
        guessed=True,
        tentative=True,
        made_up=True,
        varied=guess.varied,
        note=guess.note,
        arguments=lambda: _given(guess.given),
    )


def definition(module: SlicedModule, target: Target) -> Callable[..., Any]:
    """The class or factory of a target. Raises NotAModel where it is neither."""
    value = module.evaluate(target.definition) if target.definition else module.get(target.name)
    if (
        not callable(value)
        or isinstance(value, nn.Module)
        or (isinstance(value, type) and not issubclass(value, nn.Module))
    ):
        raise NotAModel
    return value


class _ByName:
    """A call whose arguments have values by their names: the project's, or the field's."""

    def __init__(self, target: Target, settings: conventional.Settings):
        self.target = target
        self.settings = settings
        self.given: dict[str, conventional.Argument] = {}

    def make(self, module: SlicedModule) -> Any:
        """Raises ArgumentsMissing for a name that nothing is known of, and NotAModel in an installed
        package: what needs arguments there is a part, which the package builds as it needs it."""
        if module.installed:
            raise NotAModel
        function = definition(module, self.target)
        given = conventional.conventional(module, function, self.settings)
        if self.target.evidence.class_counts:
            count = self.target.evidence.class_counts[0].count
            own = conventional.Argument(count, repr(count), conventional.OF_DATA)
            given = {name: own if "class" in name else item for name, item in given.items()}
        while True:
            self.given = given
            try:
                return hand_over(function, **{name: item.value for name, item in given.items()})
            except (AssertionError, ValueError):
                return self._of_other_depth(function, given)
            except TypeError as error:
                # resnet18(**kwargs) hands on what ResNet needs
                lacking = [name for name in conventional.lacking(error) if name not in given]
                if not lacking or not _takes_rest(function):
                    raise
                given = given | conventional.by_name(lacking, self.settings)

    def _of_other_depth(self, function: Callable[..., Any], given: dict[str, conventional.Argument]) -> Any:
        """The call with another number of layers, where the constructor refuses the one that was given.
        Raises what it raises where it refuses all."""
        counts = [
            name
            for name, item in given.items()
            if type(item.value) is int and conventional.COUNTS_LAYERS.search(name)
        ]
        for depth in conventional.DEPTHS if counts else ():
            for name in counts:
                given = {**given, name: conventional.Argument(depth, repr(depth))}
            with contextlib.suppress(AssertionError, ValueError):
                model = hand_over(function, **{name: item.value for name, item in given.items()})
                self.given = given
                return model
        raise ArgumentsMissing(self.target.name)

    def varied(self, change: conventional.Change, module: SlicedModule) -> Any:
        """The same call with other numbers."""
        function = definition(module, self.target)
        return hand_over(function, **{name: item.value for name, item in change(self.given).items()})

    def note(self, module: SlicedModule) -> str:
        """How the model was built, and where the values are from."""
        written = ", ".join(f"{name}={item.text}" for name, item in self.given.items())
        said: dict[str, list[str]] = {}
        for name, item in self.given.items():
            if item.where:
                said.setdefault(item.where, []).append(name)
        places = [f"{', '.join(names)} as in {where}" for where, names in said.items()]
        if any(not item.where for item in self.given.values()):
            places.append("the others conventional" if places else "conventional values")
        return (
            f"{self.target.name} was built as {self.target.name}({written}), since nothing supplies the "
            f"arguments: {'; '.join(places)}"
        )


def partly(
    target: Target,
    construction: Construction,
    settings: conventional.Settings,
    evaluate: Callable[[Expression], Any] | None = None,
) -> Candidate:
    """A call as far as its arguments can be had; `evaluate` is for one of another file."""
    made = _Partly(target, construction, settings, evaluate)
    return Candidate(
        construction.expression.text,
        made.make,
        guessed=True,
        tentative=True,
        varied=made.varied,
        note=made.note,
        arguments=lambda: _given(made.filled),
    )


class _Partly:
    """A call of the file of which some arguments cannot be had while linting (`len(data.classes)`): those
    have values by their names, where the field knows these."""

    def __init__(
        self,
        target: Target,
        construction: Construction,
        settings: conventional.Settings,
        evaluate: Callable[[Expression], Any] | None,
    ):
        self.target = target
        self.evaluate = evaluate
        self.construction = construction
        self.settings = settings
        self.filled: dict[str, conventional.Argument] = {}

    def make(self, module: SlicedModule) -> Any:
        """Raises ArgumentsMissing where nothing is known of an argument that cannot be had."""
        self.filled.clear()
        return self._call(module)

    def varied(self, change: conventional.Change, module: SlicedModule) -> Any:
        """The same call with other numbers for what cannot be had."""
        filled = self.filled
        self.filled = change(filled)
        try:
            return self._call(module)
        finally:
            self.filled = filled

    def _call(self, module: SlicedModule) -> Any:
        tree = ast.parse(self.construction.expression.text.strip(), mode="eval").body
        if not isinstance(tree, ast.Call) or any(isinstance(item, ast.Starred) for item in tree.args):
            raise ArgumentsMissing(self.target.name)
        function = definition(module, self.target)
        names = list(inspect.signature(function).parameters)
        given = [self._value(module, item, name) for name, item in zip(names, tree.args, strict=False)]
        named = {item.arg: self._value(module, item.value, item.arg) for item in tree.keywords if item.arg}
        if not self.filled or len(given) < len(tree.args):
            raise ArgumentsMissing(self.target.name)
        return hand_over(function, *given, **named)

    def _value(self, module: SlicedModule, node: ast.expr, name: str) -> Any:
        text = ast.unparse(node)
        if text in self.filled:
            return self.filled[text].value
        try:
            evaluate = self.evaluate or module.evaluate
            value = evaluate(replace(self.construction.expression, text=text))
            Placeholder.require(value)
        except Exception as error:
            if isinstance(error, Unavailable) and not isinstance(error.failure.error, Exception):
                raise  # what ends the program is nothing to make up a value for
            counts = counts_classes(name) or CLASSES.fullmatch(text)
            known = self.target.evidence.class_counts
            count = known[0].count if counts and known else CONVENTIONAL_ARGUMENTS["num_classes"]
            own = conventional.Argument(count, repr(count), conventional.OF_DATA if counts and known else "")
            self.filled[text] = own if counts else self._by_name(node, name)
            return self.filled[text].value
        return value

    def _by_name(self, node: ast.expr, name: str) -> conventional.Argument:
        """A value for an argument: that of the option which the call hands on (`k=opt.widen_factor`), else
        one of its own name."""
        option = node.attr if isinstance(node, ast.Attribute) else name
        if option != name and (said := self.settings([option])):
            return conventional.of_project(said[option])
        return conventional.by_name([name], self.settings)[name]

    def note(self, module: SlicedModule) -> str:
        """What stands in the call for what cannot be had."""
        put = ", ".join(f"{item.text} for {text}" for text, item in self.filled.items())
        return (
            f"{self.target.name} was built as {self.construction.expression.text}, "
            f"{self.construction.reason}, with {put}, which cannot be had while linting"
        )


def _given(arguments: Mapping[str, conventional.Argument]) -> tuple[GivenArgument, ...]:
    """The arguments as the trace has them. That a project calls something by the same name is a guess."""
    return tuple(
        GivenArgument(
            name,
            item.text,
            Degree.FOLLOWED if item.where == conventional.OF_DATA else Degree.ASSUMED,
            item.where,
        )
        for name, item in arguments.items()
    )


CLASSES = re.compile(r"len\([\w.]*(class|label|categor)[\w.]*\)", re.IGNORECASE)
"""How many classes a data set has: `len(train_data.classes)`."""


def _takes_rest(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(item.kind is item.VAR_KEYWORD for item in parameters)


def _with_defaults(module: SlicedModule, target: Target, files: UserFiles) -> Any:
    """Raises ArgumentsMissing where arguments must be given, or where what stands for none of them
    (`config={}`, `backbone=None`) is plainly not enough."""
    function = definition(module, target)
    names = required(function)
    if names:
        raise ArgumentsMissing(names[0])
    try:
        return hand_over(function)
    except (LookupError, AttributeError, TypeError) as error:
        if leaves_open(error, files):
            raise ArgumentsMissing(words(error)) from error
        raise


def _evaluation(expression: Expression) -> Callable[[SlicedModule], Any]:
    return lambda module: module.evaluate(expression)


def required(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters that a call of a class or function must give."""
    return [parameter.name for parameter in conventional.required(function)]


def _names_in(text: str) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name))
