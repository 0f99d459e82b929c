"""What a configuration says of a file's models, where their own text does not say it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from cnnlint.evidence.facts import Construction, InputEvidence, Target
from cnnlint.source.expressions import Expression
from cnnlint.source.names import BUILTINS, needs
from cnnlint.traces import ClassCount, LossUse

SOURCE = "configuration"

Item = TypeVar("Item", bound=InputEvidence | Construction)


def called_name(call: str) -> str:
    """`Net` in `Net(num_classes=10)`."""
    return call.partition("(")[0].strip()


@dataclass(frozen=True, slots=True)
class Configured:
    """What a configuration says.

    Attributes:
        inputs: by the model's name, "" for every model; the first that fits counts.
        models: constructor calls, and who says so: (`Net(10)`, `models in pyproject.toml`).
        class_count, loss: what the models are trained with.
    """

    inputs: tuple[tuple[str, InputEvidence], ...] = ()
    models: tuple[tuple[str, str], ...] = ()
    class_count: ClassCount | None = None
    loss: LossUse | None = None


def complete(targets: Iterable[Target], configured: Configured) -> tuple[Target, ...]:
    """The targets with what is configured: inputs and constructions behind those of comments and before
    all other evidence, classes and loss only in a file whose text says nothing of them."""
    targets = tuple(targets)
    says_classes = any(target.evidence.class_counts for target in targets)
    says_losses = any(target.evidence.losses for target in targets)
    counts = (configured.class_count,) if configured.class_count and not says_classes else ()
    losses = (configured.loss,) if configured.loss and not says_losses else ()
    return tuple(
        replace(
            target,
            inputs=_behind_comments(target.inputs, _inputs(target, configured)),
            constructions=_behind_comments(target.constructions, _constructions(target, configured)),
            evidence=replace(
                target.evidence,
                losses=target.evidence.losses + losses,
                class_counts=target.evidence.class_counts + counts,
            ),
        )
        for target in targets
    )


def _inputs(target: Target, configured: Configured) -> list[InputEvidence]:
    return [evidence for name, evidence in configured.inputs if name in ("", target.name)][:1]


def _constructions(target: Target, configured: Configured) -> list[Construction]:
    return [
        Construction(
            Expression(call, "", needs(ast.parse(call, mode="eval")).names - BUILTINS, target.span),
            SOURCE,
            reason,
        )
        for call, reason in configured.models
        if called_name(call) == target.name
    ]


def _behind_comments(found: Sequence[Item], configured: Sequence[Item]) -> tuple[Item, ...]:
    comments = sum(item.source == "comment" for item in found)
    ordered = sorted(found, key=lambda item: item.source != "comment")
    ordered[comments:comments] = configured
    return tuple(ordered)
