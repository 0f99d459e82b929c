from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.traces import Operation
from cnnlint.wording import flattened_map, worked_out
from cnnlint_rules._operations import OperationRule


class FixedInputSize(OperationRule):
    """A head that accepts one input size only.

    ## Why
    A Linear on a flattened map fits one size of map, and so one size of image.

    ## Use instead
    `nn.AdaptiveAvgPool2d(1)` before the flatten takes every size from the smallest that the layers allow.

    ## References
    - He et al. 2014, Spatial Pyramid Pooling: https://arxiv.org/abs/1406.4729
    """

    code = "CNN604"
    name = "fixed-input-size"
    severity = Severity.ADVICE
    default = False
    measures_size = True

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 2))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        net = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 2))
                                                                               ^^^^^^^^^^^^^^^^^ 8 × 8 × 8
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x20
        net = nn.Sequential(nn.Conv1d(3, 8, 5, 4), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))
                                                                            ^^^^^^^^^^^^^^^^ 8 × 4
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("linear"):
            before = flattened_map(trace, trace.main_input(operation))
            if before is None or before.uncertain or operation.fault or product(before.shape[2:]) < 2:
                continue
            if not _adapts(trace, trace.producer(before)):
                yield self.at(
                    trace,
                    operation,
                    f"{trace.describe(operation)} takes one map size only: {worked_out(before.shape[1:])}",
                    help=f"nn.AdaptiveAvgPool{len(before.shape) - 2}d(1) before the flatten takes every size",
                )


def _adapts(trace: Trace, step: Operation | None) -> bool:
    """Whether an adaptive pooling gives the map its size."""
    while step is not None and step.kind in ("activation", "dropout", "copy"):
        step = trace.producer(trace.main_input(step))
    return step is not None and step.kind == "adaptive_pool"
