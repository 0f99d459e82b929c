from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Related, Severity
from cnnlint.graph import Trace
from cnnlint.placing import place
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule

WEIGHTS = ("conv", "linear")

LINEAR = frozenset({"dropout", "reshape", "squeeze", "copy"})
"""Kinds that do nothing non-linear to the values (dropout: in evaluation)."""


class StackedLinear(OperationRule):
    """Two weighted layers with nothing non-linear between them.

    ## Why
    A linear map of a linear map is a linear map: two such layers can represent nothing that one could
    not. Most often an activation was forgotten.

    ## Use instead
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3)

    Meant factorisations are left alone: depthwise and grouped convolutions, a 3×1 with a 1×3, and a narrow
    layer between two wide ones.

    ## References
    - Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.3
    """

    code = "CNN204"
    name = "stacked-linear"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        separable = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 16, 1), nn.ReLU())
        """,
        """
        import torch.nn as nn
        # cnnlint: input=256
        bottleneck = nn.Sequential(nn.Linear(256, 16), nn.Linear(16, 256))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        apart = nn.Sequential(nn.Conv2d(8, 16, (1, 3)), nn.Conv2d(16, 16, (3, 1)), nn.ReLU())
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3))
                                                                   ^^^^^^^^^^^^^^^^^^ nothing non-linear
        """,
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 256), nn.Dropout(0.2), nn.Linear(256, 10))
                                                                  ^^^^^^^^^^^^^^^^^^ nothing non-linear
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 8, 1), nn.ReLU())
                                                 ^^^^^^^^^^^^^^^^^^^ nothing non-linear
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for first in trace.operations(*WEIGHTS):
            second = _next_weighted(trace, first)
            if second is not None and not _meant(trace, first, second):
                yield self._finding(trace, first, second)

    def _finding(self, trace: Trace, first: Operation, second: Operation) -> Diagnostic:
        one, other = trace.describe(first), trace.describe(second)
        related = [Related(f"{one} is built here", place(trace, first).span)]
        return self.at(
            trace,
            second,
            f"nothing non-linear lies between {one} and {other}: together they are one linear layer",
            label=f"{trace.show(first.outputs[0])} from {one} comes in as it is",
            help=f"put an activation (nn.ReLU()) behind {one}",
            related=related,
            also=(first,),
        )


def _next_weighted(trace: Trace, first: Operation) -> Operation | None:
    """The weighted layer that alone reads a layer's result, through linear operators only."""
    step = first
    while True:
        uses = trace.consumers(step)
        if len(uses) != 1 or trace.is_output(step) or step.fault:
            return None
        step = uses[0]
        if step.kind in WEIGHTS:
            return step if not step.fault and trace.producer(trace.operand(step)) is not None else None
        is_affine = step.name == "batch_norm" or (
            step.kind == "pool" and step.attributes.get("mode") == "avg"
        )
        if step.kind not in LINEAR and not is_affine:
            return None


def _meant(trace: Trace, first: Operation, second: Operation) -> bool:
    """Whether two layers are a factorisation of one on purpose."""
    if any(step.attributes.get("groups", 1) != 1 for step in (first, second)):
        return True
    weights = trace.weight(first), trace.weight(second)
    if weights[0] is None or weights[1] is None:
        return True  # weights that are computed, or not the model's own
    (before, after) = weights[0].shape, weights[1].shape
    if before[0] < min(before[1], after[0]):
        return True  # few channels between many
    pointwise = first.kind == "conv" and all(window.extent == 1 for window in first.windows)
    if pointwise and second.kind == "conv" and after[0] >= 2 * after[1]:
        return True  # a linear projection, then the expansion of the next block (MobileNet V2, MobileViT)
    kernels = list(zip(before[2:], after[2:], strict=False))
    apart = all(min(pair) == 1 and max(pair) > 1 for pair in kernels)
    return apart and all(max(kernel) > 1 for kernel in zip(*kernels, strict=True)) and bool(kernels)
