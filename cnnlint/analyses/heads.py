"""What lies between a model's last weighted layer and its output: the head's activations and losses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cnnlint.analyses.reach import downstream
from cnnlint.graph import WEIGHTED, Trace
from cnnlint.traces import Operation, Tensor

ARRANGES = frozenset({"reshape", "squeeze", "permute", "copy", "dropout", "detach", "index", "split", "cast"})
"""Kinds that only arrange values, or drop some."""

POOLS = frozenset({"pool", "adaptive_pool", "reduction", "interpolate"})

_RECTIFIERS = "relu relu6 leaky_relu prelu rrelu elu celu selu gelu silu mish hardswish threshold hardtanh"
RELU_LIKE = frozenset(_RECTIFIERS.split())
"""Activations that cut or bend the negative numbers; none of them ends in a distribution."""


@dataclass(frozen=True)
class Head:
    """The way back from one output of the model.

    Attributes:
        output: the tensor that is returned.
        after: the operations behind the last weighted layer, last one first.
        weighted: the last weighted layer; None where the way ends elsewhere.
    """

    output: Tensor
    after: tuple[Operation, ...]
    weighted: Operation | None

    @property
    def activation(self) -> Operation | None:
        """The last operation that changes values, seen through reshapes and dropout."""
        return next((step for step in self.after if step.kind not in ARRANGES), None)

    @property
    def raw(self) -> bool:
        """Whether a weighted layer's result is returned as it is, or only pooled and reshaped."""
        plain = all(step.kind in ARRANGES | POOLS for step in self.after)
        return self.weighted is not None and plain


def heads(trace: Trace) -> Iterator[Head]:
    """One for each output that an operation made."""
    for id in trace.run.outputs:
        after: list[Operation] = []
        weighted = None
        for step in trace.upstream(id):
            if step.kind in WEIGHTED:
                weighted = step
                break
            after.append(step)
        if after or weighted:
            yield Head(trace.tensor(id), tuple(after), weighted)


def is_classifier_head(trace: Trace, head: Head) -> bool:
    """Whether an output is `[B, classes]` made by a weighted layer without pooling behind it, and not a
    hidden result that further layers read."""
    last = head.weighted
    if last is None or len(head.output.shape) != 2 or any(step.kind in POOLS for step in head.after):
        return False
    if any(use.kind in WEIGHTED for use in downstream(trace, last)):
        return False
    return head.output.shape[1] > 1 and last.kind in ("linear", "conv")


CLASSIFYING = frozenset({"CrossEntropyLoss", "NLLLoss", "BCEWithLogitsLoss", "BCELoss", "MultiMarginLoss"})
"""Losses that compare with classes."""

OTHER_PURPOSE = re.compile(
    r"regress|price|depth|count|density|age|box|embed|encod|backbone|feature|extract|descriptor|"
    r"project|latent|critic|actor|value|policy|trunk|block|stem|body|autoenc|vae",
    re.IGNORECASE,
)
"""Names of models and layers whose result is, or may be, something else than the logits of classes."""


def classifies(trace: Trace, head: Head) -> bool:
    """Whether a head gives the logits of classes: a loss says so or, where none is known, its shape does
    and no name speaks against it."""
    if not is_classifier_head(trace, head):
        return False
    losses = {loss.name for loss in trace.model.evidence.losses}
    if losses:
        return bool(losses & CLASSIFYING)
    last = head.weighted.layer if head.weighted and head.weighted.layer else ""
    return not OTHER_PURPOSE.search(f"{trace.model.name} {last}")
