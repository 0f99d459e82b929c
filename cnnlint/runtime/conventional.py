"""Values for arguments that no call supplies: configurations by their class, the others by their names."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cnnlint.evidence.conventions import CONVENTIONAL_ARGUMENTS
from cnnlint.evidence.settings import Setting
from cnnlint.runtime.loader import ArgumentsMissing, SlicedModule

CONFIGURATIONS = frozenset(
    "args cfg conf config configs configuration hparams hp opt opts options params".split()
)
"""What arguments are called that hold many settings."""


COUNTS_LAYERS = re.compile("layer|depth|block")
"""Names of arguments that say how many layers there are."""

DEPTHS = (20, 18, 50, 28, 40, 16, 11, 22, 121, 8, 4, 2)
"""Depths that well-known families of networks have, for those that refuse a number."""


OF_DATA = "its data"
"""Where a number of classes is from that the data of the model has."""


class Argument(NamedTuple):
    """A value, how the report shows it, and where the project gives it to such a name ("": nowhere)."""

    value: Any
    text: str
    where: str = ""


def required(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that a call of a class or function must give."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


Settings = Callable[[list[str]], Mapping[str, Setting]]
"""What the project says of names."""


def conventional(
    module: SlicedModule, function: Callable[..., Any], settings: Settings
) -> dict[str, Argument]:
    """Values for all parameters that must be given. Raises ArgumentsMissing for one that nothing is known
    of."""
    given: dict[str, Argument] = {}
    parameters = required(function)
    for parameter in parameters:
        if (found := _configuration(module, parameter)) is not None:
            given[parameter.name] = found
    return given | by_name([item.name for item in parameters if item.name not in given], settings)


def of_project(setting: Setting) -> Argument:
    """The value that the project gives to a name."""
    return Argument(setting.value, repr(setting.value), setting.where)


def by_name(names: list[str], settings: Settings) -> dict[str, Argument]:
    """Values for arguments by their names: the project's own, else the field's. Raises ArgumentsMissing."""
    said = settings(names) if names else {}
    given = {}
    for name in names:
        if name in said:
            given[name] = of_project(said[name])
        elif name in CONVENTIONAL_ARGUMENTS:
            value = CONVENTIONAL_ARGUMENTS[name]
            given[name] = Argument(value, repr(value))
        else:
            raise ArgumentsMissing(name)
    return given


Change = Callable[[Mapping[str, Argument]], dict[str, Argument]]
"""Gives made-up arguments other values. Raises ArgumentsMissing where there are no numbers among them."""


def doubled(given: Mapping[str, Argument]) -> dict[str, Argument]:
    """Other values, which share the divisors, for the numbers that a name alone has given, but for how many
    layers there are. Raises ArgumentsMissing where there are no such numbers."""
    return {**given, **{name: item._replace(value=2 * item.value) for name, item in _numbers(given).items()}}


def levelled(given: Mapping[str, Argument]) -> dict[str, Argument]:
    """The largest of these numbers for all of them: a block may only fit where as many channels come in as go
    out. Raises ArgumentsMissing where there are not two."""
    numbers = _numbers(given)
    if len(numbers) < 2:
        raise ArgumentsMissing("")
    most = max(item.value for item in numbers.values())
    return {**given, **{name: item._replace(value=most) for name, item in numbers.items()}}


CHANGES: tuple[Change, ...] = (doubled, levelled)


def _numbers(given: Mapping[str, Argument]) -> dict[str, Argument]:
    found = {
        name: item
        for name, item in given.items()
        if type(item.value) is int and item.where != OF_DATA and not COUNTS_LAYERS.search(name)
    }
    if not found:
        raise ArgumentsMissing("")
    return found


def lacking(error: TypeError) -> list[str]:
    """The arguments that a call lacked, by Python's own words."""
    told = str(error)
    return re.findall(r"'(\w+)'", told) if "missing" in told and "required" in told else []


def _configuration(module: SlicedModule, parameter: inspect.Parameter) -> Argument | None:
    """The defaults of the dataclass that a parameter is annotated with. An argument such as `config` is
    also taken to be the module's variable of that name, or an object of its only dataclass."""
    names = [_class_name(parameter.annotation)]
    if parameter.name in CONFIGURATIONS:
        tree = module.file.tree
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == parameter.name for target in statement.targets
            ):
                return Argument(module.get(parameter.name), parameter.name)
        own = [item.name for item in tree.body if isinstance(item, ast.ClassDef) and _is_dataclass(item)]
        names += own if len(own) == 1 else []
    for name in filter(None, names):
        try:
            value = module.get(name)
        except AttributeError:
            continue
        if isinstance(value, type) and dataclasses.is_dataclass(value) and not required(value):
            return Argument(value(), f"{name}()")
    return None


def _class_name(annotation: Any) -> str:
    """`Config` for `config: Config`, also where the annotation is kept as text."""
    if isinstance(annotation, type):
        return annotation.__name__
    return annotation.strip("'\"") if isinstance(annotation, str) else ""


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
