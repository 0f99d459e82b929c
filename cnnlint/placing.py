"""Where a finding stands: the place that one would edit.

For a layer that is the argument where it is written out in the constructor call, else that call. When
the argument is only handed on by a helper (`nn.Conv2d(cin, cout, 3)` in `def block(cin, cout)`), it is
the argument of the caller, and so on outwards. For an operator without a layer it is its call.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from cnnlint.diagnostic import Applicability, Edit, Fix, Related, Span
from cnnlint.graph import Trace, once
from cnnlint.operators import registry
from cnnlint.traces import Argument, CallSite, Layer, Operation

MOST_CALLERS = 3
"""Callers shown below a finding."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to edit.

    Attributes:
        span: the argument, the constructor call, or the call in forward.
        argument: the argument that supplied the value, where one is written out.
        site: the call that it is written in.
        chain: the other calls that led to the layer, innermost first.
        calls: the call in forward and its callers, innermost first; without `span` itself.
        layer: the layer that is edited, None where it is a call in forward.
    """

    span: Span
    argument: Argument | None = None
    site: CallSite | None = None
    chain: tuple[Related, ...] = ()
    calls: tuple[Span, ...] = ()
    layer: Layer | None = None

    def related(self, here: str = "", *more: Related) -> tuple[Related, ...]:
        """The further places that the reader should see: `here` is said at the call in forward, `more`
        are other places (the layer that made the tensor); then the chain of calls."""
        forward = (Related(here or "called here", self.calls[0]),) if self.calls else ()
        seen = {self.span}
        result = []
        for related in (*forward, *more, *self.chain):
            if related.span not in seen:
                seen.add(related.span)
                result.append(related)
        return tuple(result)


def place(trace: Trace, operation: Operation, argument: str | None = None) -> Place:
    """Where one would edit an operation; `argument` is the constructor's (or the call's) parameter that
    holds the value at fault."""
    layer = own_layer(trace, operation)
    if layer is not None and layer.sites:
        return place_layer(trace, layer, argument, operation.calls)
    if operation.calls:
        return Place(operation.calls[0], calls=operation.calls[1:])
    return Place(trace.model.span)


def place_layer(
    trace: Trace, layer: Layer, argument: str | None = None, calls: tuple[Span, ...] = ()
) -> Place:
    """Where one would edit a layer, or one of its arguments."""
    construction = {site.span for root in trace.model.layers[:1] for site in root.sites}
    depth, written = _supplier(layer.sites, argument) if argument else (0, None)
    span = written.span if written else layer.sites[0].span
    chain = []
    for level, site in enumerate(layer.sites[: depth + MOST_CALLERS]):
        if level != depth and site.callee and site.span not in construction:
            text = f"{site.callee}(…) is built here" if level == 0 else f"{site.callee}(…) is called here"
            chain.append(Related(text, site.span))
    supplier = layer.sites[depth] if written else None
    return Place(span, written, supplier, tuple(chain), calls, layer)


def _supplier(sites: tuple[CallSite, ...], name: str) -> tuple[int, Argument | None]:
    """The call, counted from the innermost, whose argument supplied the value, and that argument."""
    found: tuple[int, Argument | None] = (0, None)
    for level, site in enumerate(sites):
        argument = next((item for item in site.arguments if item.name == name), None)
        if argument is None:
            return found
        found = (level, argument)
        if argument.parameter is None:
            return found
        name = argument.parameter
    return found


def own_layer(trace: Trace, operation: Operation) -> Layer | None:
    """The layer that an operation is (a Conv2d and its convolution); None for a function call, also
    when it stands in the forward of a block."""
    layer = trace.layer(operation)
    if layer is None:
        return None
    names = _operators_of(layer.type)
    refused_by_itself = operation.kind == "raise" and bool(names)
    return layer if refused_by_itself or operation.name in names else None


@cache
def _layer_operators() -> Mapping[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for operator in registry().values():
        for layer in operator.layers:
            table.setdefault(layer, set()).add(operator.name)
    return {layer: frozenset(names) for layer, names in table.items()}


def _operators_of(layer_type: str) -> frozenset[str]:
    return _layer_operators().get(layer_type, frozenset())


def call_text(site: CallSite, changes: Mapping[str, object]) -> str:
    """A constructor call as it would be written with some arguments changed (`nn.Linear(3136, 10)`)."""
    written = {item.name for item in site.arguments}
    parts = []
    for item in site.arguments:
        value = changes.get(item.name, item.text)
        parts.append(f"{item.name}={value}" if item.keyword else str(value))
    parts += [f"{name}={value}" for name, value in changes.items() if name not in written]
    return f"{site.callee}({', '.join(parts)})"


def written_call(where: Place, argument: str, value: object) -> str:
    """What to write for an argument of the constructor: the call that supplies it with the new value
    (`nn.Linear(3136, 10)`, or `Block(64, 128)` of a helper), or `in_features=3136` for other calls."""
    if where.argument is not None and where.site is not None:
        return call_text(where.site, {where.argument.name: value})
    site = where.layer.sites[0] if where.layer is not None and where.layer.sites else None
    return call_text(site, {argument: value}) if site and site.arguments else f"{argument}={value}"


def argument_fix(trace: Trace, where: Place, value: int, factors: Sequence[int] = ()) -> Fix | None:
    """Another number where the argument is written; a product stays one (`factors` are those of `value`).

    Safe where the layer's own call has plain numbers there, which are used nowhere else; unsafe for a name,
    for the argument of a helper, and where the call builds several layers or its layer is called several
    times, so that they may need different values.
    """
    layer, argument, site = where.layer, where.argument, where.site
    if layer is None or argument is None or site is None:
        return None
    constant = _CONSTANT.fullmatch(argument.text) is not None
    alone = built_at(trace, layer.sites[0]) == 1 and _uses(trace, layer) <= 1
    safe = constant and alone and argument in layer.sites[0].arguments
    written = str(value)
    if constant and len(factors) > 1 and argument.text.count("*") == len(factors) - 1:
        written = " * ".join(map(str, factors))
    return Fix(
        Applicability.SAFE if safe else Applicability.UNSAFE,
        f"write {call_text(site, {argument.name: written})}",
        (Edit(argument.span, written),),
    )


_CONSTANT = re.compile(r"[0-9_]+( *\* *[0-9_]+)*")
"""A plain number, or a product of such."""


def _uses(trace: Trace, layer: Layer) -> int:
    """How many operations of the pass are this layer."""
    names = _operators_of(layer.type)
    return sum(1 for step in trace.operations() if step.layer == layer.path and step.name in names)


def built_at(trace: Trace, site: CallSite) -> int:
    """How many layers of the model a call builds."""
    return _layers_by_call(trace)[site.span]


@once
def _layers_by_call(trace: Trace) -> Counter[Span]:
    return Counter(layer.sites[0].span for layer in trace.model.layers if layer.sites)
