from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.plugin import Option
from cnnlint_rules._operations import OperationRule


class MisalignedChannels(OperationRule):
    """Channels that are no multiple of 8 in a layer that does much of the work.

    ## Why
    Tensor cores multiply tiles of 8 (in half precision); other sizes are padded, or run on the slow path.

    ## Use instead
    The next multiple of 8.

    ## References
    - NVIDIA, Convolutional Layers User's Guide:
      https://docs.nvidia.com/deeplearning/performance/dl-performance-convolutional
    """

    code = "CNN406"
    name = "misaligned-channels"
    severity = Severity.ADVICE
    default = False

    multiple = Option(8, "what channels should be a multiple of: 8 in half precision, 16 for int8", least=2)
    work_share = Option(
        0.01, "the share of the multiply-accumulates from which on a layer counts", least=0, most=1
    )

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 24, 3))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 10))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 30, 3), nn.ReLU(), nn.Conv2d(30, 16, 3))
                                                                      ^^ 30 → 16
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x20
        net = nn.Sequential(nn.Conv1d(8, 16, 3), nn.ReLU(), nn.Conv1d(16, 20, 3), nn.ReLU())
                                                                          ^^ 16 → 20
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        total = sum(operation.macs for operation in trace.operations())
        for operation in trace.operations("conv"):
            weight = trace.weight(operation)
            if weight is None or operation.fault or operation.attributes.get("groups", 1) != 1:
                continue
            outputs, inputs = weight.shape[:2]
            stem = trace.weighted_source(trace.operand(operation)) is None
            if (
                stem
                or operation.macs < self.work_share * total
                or not (outputs % self.multiple or inputs % self.multiple)
            ):
                continue
            argument = "in_channels" if inputs % self.multiple else "out_channels"
            yield self.at(
                trace,
                operation,
                f"channels {inputs} → {outputs} are no multiples of {self.multiple}, which tensor cores "
                "work in",
                argument=argument,
                help=f"use {self._next(inputs)} → {self._next(outputs)}",
            )

    def _next(self, channels: int) -> int:
        """The multiple at or above a number of channels."""
        return -(-channels // self.multiple) * self.multiple
