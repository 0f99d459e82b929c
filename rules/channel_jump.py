from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.plugin import Option
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule, is_dense


class ChannelJump(OperationRule):
    """A convolution that multiplies the channels by more than 4 and holds a large share of the weights.

    ## Why
    A convolution costs in × out × k × k. From 16 → 32 → 512, the last step costs 147,456 weights and
    has only 32 different inputs to build 512 maps from. Networks that work double the channels when they
    halve the map.

    ## Use instead
    16 → 32 → 64 → 128, one step with each halving.

    ## References
    - Simonyan & Zisserman 2015, VGG: https://arxiv.org/abs/1409.1556
    """

    code = "CNN404"
    name = "channel-jump"
    severity = Severity.ADVICE

    growth = Option(4.0, "how many times the channels may grow in one convolution", least=1)
    share = Option(0.25, "the share of the model's parameters from which on it is reported", least=0, most=1)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 128, 3), nn.ReLU())
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Conv2d(32, 128, 3), nn.ReLU())
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(
            nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Conv2d(32, 512, 3)
                                                                                           ^^^ 32 → 512
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=2x100
        net = nn.Sequential(nn.Conv1d(2, 8, 5), nn.ReLU(), nn.Conv1d(8, out_channels=64, kernel_size=5))
                                                                                     ^^ 8 → 64
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        total = sum(product(item.shape) for item in trace.model.parameters if not item.buffer)
        for operation in trace.operations("conv"):
            weight, source = trace.weight(operation), trace.operand(operation)
            if weight is None or source is None or operation.fault:
                continue
            if operation.attributes.get("groups", 1) != 1 or not _behind_a_convolution(trace, operation):
                continue
            outputs, inputs = weight.shape[:2]
            if outputs <= self.growth * inputs or product(weight.shape) < self.share * total:
                continue
            if is_dense(trace, operation):
                continue  # squeeze-excite, a head
            share = product(weight.shape) / total
            yield self.at(
                trace,
                operation,
                f"the channels jump {inputs} → {outputs} in one convolution, which holds {share:.0%} of all "
                "parameters",
                argument="out_channels",
                help=f"grow in steps of 2: {inputs} → {2 * inputs} → {4 * inputs}",
            )


def _behind_a_convolution(trace: Trace, operation: Operation) -> bool:
    return any(step.kind == "conv" for step in trace.upstream(trace.operand(operation)))
