"""What a rule is, and how rules are found.

A rule is a subclass of `Rule` in a package that is registered in the entry-point group
`cnnlint.rules`. The built-in rules (the package `cnnlint_rules`) are registered in the same way.
"""

from __future__ import annotations

import copy
import difflib
import importlib
import inspect
import pkgutil
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

from cnnlint.diagnostic import Diagnostic, Fix, Related, Severity, Span
from cnnlint.entrypoints import entry_points
from cnnlint.graph import Trace
from cnnlint.option import Option
from cnnlint.traces import FileTrace

__all__ = ["GROUP", "Option", "Plugin", "PluginError", "Rule", "all_rules"]

GROUP = "cnnlint.rules"


class Rule:
    """A check on the trace of a model.

    The docstring is the rule's documentation: its first line the summary, then sections headed `## Why`,
    `## Use instead`, `## References`. `valid` and `invalid` are files: the rule's tests and examples.
    In `invalid`, a line of carets below a line of code marks what is underlined; the text behind the
    carets must stand in the finding's message or label. The input stands in them as the comment
    `# cnnlint: input=3x32x32`, as in any file.

    Thresholds that a project may see otherwise are declared as `Option`s and read as `self.growth`.

    Attributes:
        code: `CNN102`.
        name: reads well after "allow" (`flatten-mismatch`).
        severity: the usual one; a finding may carry another.
        default: whether the rule is in the default selection.
        measures_size: whether what it says holds at the traced size: it is not asked where nobody said that
            size, and other sizes would do.
        unnecessary: whether what it underlines does nothing and could go; editors fade it.
        values: the options that were set, by name; the others have their defaults.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    default: ClassVar[bool] = True
    measures_size: ClassVar[bool] = False
    unnecessary: ClassVar[bool] = False
    valid: ClassVar[Sequence[str]] = ()
    invalid: ClassVar[Sequence[str]] = ()
    values: Mapping[str, Any] = types.MappingProxyType({})

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        """Findings about one forward pass of one model."""
        return iter(())

    def judge(self, trace: Trace) -> Iterator[Diagnostic]:
        """Findings about one forward pass, if its sizes are known as well as the rule needs."""
        return iter(()) if self.measures_size and not trace.size_is_known else self.check(trace)

    def check_file(self, file: FileTrace) -> Iterator[Diagnostic]:
        """Findings about a whole file."""
        return iter(())

    def report(
        self,
        span: Span,
        message: str,
        *,
        trace: Trace | None = None,
        label: str = "",
        layers: Sequence[str] = (),
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (),
        related: Sequence[Related] = (),
        help: str | None = None,
        fix: Fix | None = None,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding of this rule at `span`; `inputs` and `outputs` are shapes as they are shown."""
        return Diagnostic(
            code=self.code,
            name=self.name,
            severity=severity or self.severity,
            message=message,
            span=span,
            label=label,
            model=trace.model.name if trace else None,
            layers=tuple(layers),
            input_shapes=tuple(inputs),
            output_shapes=tuple(outputs),
            related=tuple(related),
            help=help,
            fix=fix,
        )

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring."""
        return inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]

    @classmethod
    def options(cls) -> dict[str, Option[Any]]:
        """The options that the rule declares, by name, those of its bases first."""
        members = {name: member for base in reversed(cls.__mro__) for name, member in vars(base).items()}
        return {member.name: member for member in members.values() if isinstance(member, Option)}

    def configured(self, values: Mapping[str, object]) -> Self:
        """The rule with options set as a configuration file has them.

        Raises:
            ValueError: an option that the rule does not have, or a value that it does not take.
        """
        options = self.options()
        read = {}
        for name, value in values.items():
            if name not in options:
                raise ValueError(f"no option {name!r}{_nearest(name, options)}")
            try:
                read[name] = options[name].read(value)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        rule = copy.copy(self)
        rule.values = types.MappingProxyType({**self.values, **read})
        return rule


class PluginError(Exception):
    """A rule package could not be loaded; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A module with rules that a configuration names.

    Attributes:
        origin: the configuration file, for messages.
        module: its name.
        folder: where it is looked for first, and then where Python finds modules.
    """

    origin: str
    module: str
    folder: str

    def load(self) -> object:
        sys.path.insert(0, self.folder)
        try:
            return importlib.import_module(self.module)
        finally:
            sys.path.remove(self.folder)


@cache
def all_rules(plugins: tuple[Plugin, ...] = ()) -> tuple[Rule, ...]:
    """Every rule of every registered package and of the plugins, in the order of the codes.

    Raises:
        PluginError: a package fails to import, or two rules share a code or a name.
    """
    rules: dict[str, Rule] = {}
    names: dict[str, Rule] = {}
    sources: list[tuple[str, Callable[[], object]]] = [
        (f"the rule package {entry.value!r} (entry point {entry.name!r})", entry.load)
        for entry in entry_points(GROUP)
    ]
    sources += [(f"{plugin.origin}: plugins: {plugin.module!r}", plugin.load) for plugin in plugins]
    for what, load in sources:
        try:
            classes = list(_rule_classes(load()))
        except Exception as error:
            raise PluginError(f"{what} cannot be loaded: {type(error).__name__}: {error}") from error
        for rule_class in classes:
            _require_metadata(rule_class)
            rule = rule_class()
            for table, key in ((rules, rule.code), (names, rule.name)):
                other = table.get(key)
                if other is not None and type(other) is not rule_class:
                    raise PluginError(f"{key} is taken by {_where(type(other))} and {_where(rule_class)}")
                table[key] = rule
    return tuple(rules[code] for code in sorted(rules))


def _rule_classes(found: object) -> Iterator[type[Rule]]:
    """The rules that an entry point names: a class, a module, or a package with all its modules."""
    if isinstance(found, type) and issubclass(found, Rule):
        yield found
        return
    if not isinstance(found, types.ModuleType):
        raise TypeError(f"expected a Rule class, a module or a package, not {type(found).__name__}")
    modules = [found]
    if hasattr(found, "__path__"):
        modules += [
            importlib.import_module(info.name)
            for info in pkgutil.iter_modules(found.__path__, f"{found.__name__}.")
        ]
    for module in modules:
        for value in vars(module).values():
            is_rule = isinstance(value, type) and issubclass(value, Rule)
            if is_rule and value.__module__ == module.__name__ and hasattr(value, "code"):
                yield value


def _require_metadata(rule_class: type[Rule]) -> None:
    """A rule that says too little of itself is refused with its place."""
    if not re.fullmatch(r"[A-Z]+[0-9]+", getattr(rule_class, "code", "")):
        raise PluginError(f"{_where(rule_class)}: code must be letters and digits, such as ABC101")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", getattr(rule_class, "name", "")):
        raise PluginError(f"{_where(rule_class)}: name must be words joined by hyphens")
    if not isinstance(getattr(rule_class, "severity", None), Severity):
        raise PluginError(f"{_where(rule_class)}: severity must be a cnnlint.diagnostic.Severity")
    if not rule_class.__doc__:
        raise PluginError(f"{_where(rule_class)}: a rule needs a docstring, which is its documentation")
    for option in rule_class.options().values():
        try:
            option.read(option.default)
        except (KeyError, ValueError):
            raise PluginError(
                f"{_where(rule_class)}: the default of {option.name} is no value of it"
            ) from None


def _where(rule_class: type[Rule]) -> str:
    return f"{rule_class.__module__}.{rule_class.__qualname__}"


def _nearest(name: str, options: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, options, n=1)
    if close:
        return f", did you mean {close[0]}?"
    return f" (it has {', '.join(options)})" if options else " (it has none)"
