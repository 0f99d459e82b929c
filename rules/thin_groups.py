from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.plugin import Option
from cnnlint_rules._operations import OperationRule


class ThinGroups(OperationRule):
    """A grouped convolution with fewer than 8 channels a group.

    ## Why
    Groups save work on paper, but a group of few channels leaves the hardware idle; ResNeXt has at least 4
    and gains from 8 on. Depthwise convolutions have kernels of their own.

    ## Use instead
    Fewer groups, or a depthwise convolution.

    ## References
    - Xie et al. 2017, Aggregated Residual Transformations: https://arxiv.org/abs/1611.05431
    """

    code = "CNN407"
    name = "thin-groups"
    severity = Severity.ADVICE
    default = False

    channels = Option(8, "how many channels a group should have", least=2)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=32x8x8
        net = nn.Conv2d(32, 32, 3, groups=4)
        """,
        """
        import torch.nn as nn
        # cnnlint: input=32x8x8
        depthwise = nn.Conv2d(32, 32, 3, groups=32)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=32x8x8
        net = nn.Sequential(nn.Conv2d(32, 32, 3, groups=16), nn.Conv2d(32, 8, 1))
                                                        ^^ 2 channels
        """,
        """
        import torch.nn as nn
        # cnnlint: input=12x20
        net = nn.Sequential(nn.Conv1d(12, 12, 3, groups=3), nn.Conv1d(12, 8, 1))
                                                        ^ 4 channels
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("conv"):
            source = trace.operand(operation)
            groups = operation.attributes.get("groups", 1)
            if source is None or operation.fault or groups == 1:
                continue
            channels = source.shape[-len(operation.windows) - 1] // groups
            if 1 < channels < self.channels:
                yield self.at(
                    trace,
                    operation,
                    f"{groups} groups of {channels} channels leave the hardware idle",
                    argument="groups",
                    help=f"use {max(groups * channels // self.channels, 1)} groups",
                )
