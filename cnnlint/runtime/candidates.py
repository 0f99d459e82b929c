"""The ways in which a target may be built, best first."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from cnnlint.job import called_name
from cnnlint.runtime.errors import hand_over, words
from cnnlint.runtime.loader import ArgumentsMissing, SlicedModule
from cnnlint.source.facts import Expression, Target

CONVENTIONAL_ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(
        "num_classes n_classes num_class nclass nclasses classes n_class class_num num_labels n_labels "
        "nb_classes output_size output_dim num_outputs out_dim".split(),
        10,
    ),
    **dict.fromkeys(
        "in_channels in_chans in_ch n_channels num_channels input_channels channels img_channels "
        "image_channels channels_img nc in_channel input_channel input_nc output_nc out_channels out_ch "
        "n_colors".split(),
        3,
    ),
    **dict.fromkeys("upscale_factor scale_factor upscale scale".split(), 2),
    **dict.fromkeys("latent_dim z_dim zdim nz noise_dim channels_noise".split(), 100),
    **dict.fromkeys(
        "ndf ngf features_d features_g hidden_dim hidden_size embed_dim embedding_dim d_model dim".split(), 64
    ),
    **dict.fromkeys("dropout dropout_rate drop_rate p".split(), 0.5),
    **dict.fromkeys("img_size image_size input_size".split(), 224),
    **dict.fromkeys("num_actions n_actions action_dim".split(), 4),
    "ngpu": 1,
    "bias": True,
    "pretrained": False,
    "vocab_size": 1000,
    "growth_rate": 32,
}
"""What a constructor's argument of this name is taken to be where nothing supplies it."""


class NotAModel(Exception):
    """What was built is no module."""


@dataclass
class Candidate:
    """A way to build a target: `make` runs it in a loaded module. A `guessed` one may be wrong, so that
    a call which cannot be evaluated says nothing about the model; of a `tentative` one nothing that raises
    does. `note` is what the report says of it."""

    text: str
    make: Callable[[SlicedModule], Any]
    guessed: bool = False
    tentative: bool = False
    note: Callable[[SlicedModule], str] | None = None


def candidates(
    target: Target, given: Sequence[str], elsewhere: Callable[[], Iterator[Candidate]]
) -> Iterator[Candidate]:
    """The ways to build a target: calls `given` by the option, what the file says, what the project's
    other files say (looked up only when it comes to that), the defaults, and conventional values."""
    for text in given:
        if called_name(text) == target.name:
            expression = Expression(text, "", _names_in(text), target.span)
            if inner := target.definition:
                expression = replace(inner, text=text, names=inner.names | expression.names)
            yield Candidate(text, _evaluation(expression))
    for item in target.constructions:
        guessed = item.source != "comment" and target.kind != "variable"
        yield Candidate(item.expression.text, _evaluation(item.expression), guessed)
    if target.kind == "variable":
        return
    if target.definition is None:
        yield from elsewhere()
    yield Candidate(f"{target.name}()", lambda module: _with_defaults(module, target))
    yield Candidate(
        f"{target.name}(…)",
        lambda module: hand_over(definition(module, target), **conventional_arguments(module, target)),
        guessed=True,
        tentative=True,
        note=lambda module: _conventional_note(module, target),
    )


def definition(module: SlicedModule, target: Target) -> Callable[..., Any]:
    """The class or factory of a target. Raises NotAModel where it is neither."""
    value = module.evaluate(target.definition) if target.definition else module.get(target.name)
    if not callable(value) or (isinstance(value, type) and not issubclass(value, nn.Module)):
        raise NotAModel
    return value


def conventional_arguments(module: SlicedModule, target: Target) -> dict[str, Any]:
    """Values for the parameters that must be given. Raises ArgumentsMissing for a name without a
    convention, and NotAModel for a part of an installed package."""
    if module.is_part_of_package(target.name):
        raise NotAModel
    given = {}
    for name in required(definition(module, target)):
        if name not in CONVENTIONAL_ARGUMENTS:
            raise ArgumentsMissing(name)
        given[name] = CONVENTIONAL_ARGUMENTS[name]
    if target.evidence.class_counts:
        count = target.evidence.class_counts[0].count
        given = {name: count if "class" in name else item for name, item in given.items()}
    return given


def _with_defaults(module: SlicedModule, target: Target) -> Any:
    """Raises ArgumentsMissing where arguments must be given, or where what stands for none of them
    (`config={}`, `backbone=None`) is plainly not enough."""
    function = definition(module, target)
    names = required(function)
    if names:
        raise ArgumentsMissing(names[0])
    try:
        return hand_over(function)
    except (LookupError, AttributeError, TypeError) as error:
        told = words(error)
        lacking = isinstance(error, LookupError) or "None" in told or "required" in told
        if lacking and _says_nothing(function):
            raise ArgumentsMissing(told) from error
        raise


def _says_nothing(function: Callable[..., Any]) -> bool:
    """Whether a call without arguments leaves open what the function needs: a parameter's default is
    None or an empty container, or it hands on whatever it is given."""
    parameters = inspect.signature(function).parameters.values()
    handed_on = any(item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD) for item in parameters)
    return handed_on or any(
        item.default in (None, {}, [], ()) for item in parameters if not callable(item.default)
    )


def _conventional_note(module: SlicedModule, target: Target) -> str:
    written = ", ".join(f"{name}={item!r}" for name, item in conventional_arguments(module, target).items())
    built = f"{target.name}({written})"
    return f"{target.name} was built as {built}: conventional values, since nothing supplies them"


def _evaluation(expression: Expression) -> Callable[[SlicedModule], Any]:
    return lambda module: module.evaluate(expression)


def required(value: Any) -> list[str]:
    """The parameters that a call of a class or function must give."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _names_in(text: str) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name))
