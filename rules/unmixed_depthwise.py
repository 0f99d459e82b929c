from collections.abc import Iterator

from cnnlint.analyses.reach import downstream, reaches_output
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import WEIGHTED, Trace
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule

MIXING = (WEIGHTED - {"conv"}) | {"matmul", "einsum"}


class UnmixedDepthwise(OperationRule):
    """A depthwise or grouped convolution whose channels are never mixed afterwards.

    ## Why
    With `groups` each output sees only its own group of channels. Without a 1×1 convolution, a shuffle or a
    Linear behind it, the groups are separate small networks to the end.

    ## Use instead
    `nn.Conv2d(64, 64, 3, groups=64), nn.Conv2d(64, 128, 1)`: depthwise, then pointwise.

    ## References
    - Chollet 2017, Xception: https://arxiv.org/abs/1610.02357
    """

    code = "CNN511"
    name = "unmixed-depthwise"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        net = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8), nn.ReLU(), nn.Conv2d(8, 16, 1))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        net = nn.Sequential(
            nn.Conv2d(8, 8, 1, groups=2), nn.ChannelShuffle(2), nn.Conv2d(8, 8, 3, groups=2), nn.Flatten(),
            nn.Linear(288, 10),
        )
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        net = nn.Sequential(nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 3, groups=8), nn.BatchNorm2d(8), nn.ReLU())
                                                                          ^ never mixed
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x20
        net = nn.Sequential(nn.Conv1d(8, 16, 3, groups=4), nn.ReLU(), nn.AdaptiveAvgPool1d(1))
                                                       ^ never mixed
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        if any(trace.faults()) or not trace.run.complete:
            return
        live = reaches_output(trace)
        for operation in trace.operations("conv"):
            groups = operation.attributes.get("groups", 1)
            weight = trace.weight(operation)
            if groups == 1 or weight is None or not weight.trainable or operation.index not in live:
                continue
            if not any(_mixes(use) for use in downstream(trace, operation)):
                yield self.at(
                    trace,
                    operation,
                    f"the {groups} groups of channels of {trace.describe(operation)} are never mixed",
                    argument="groups",
                    help="put a 1×1 convolution behind it",
                )


def _mixes(use: Operation) -> bool:
    """Whether an operator lets channels of different groups meet."""
    if use.kind == "conv":
        return use.attributes.get("groups", 1) == 1
    shuffles = use.kind in ("rearrange", "permute", "other")
    reduces = use.kind == "reduction"
    return use.kind in MIXING or shuffles or reduces
