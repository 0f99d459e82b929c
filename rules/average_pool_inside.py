from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint_rules._operations import OperationRule


class AveragePoolInside(OperationRule):
    """Average pooling between convolution blocks.

    ## Why
    Max pooling keeps the strongest response of each window, average pooling blurs it with its neighbours. A
    global average at the end is right.

    ## Use instead
    `nn.MaxPool2d(2)` or a strided convolution.

    ## References
    - Scherer, Müller & Behnke 2010, Evaluation of Pooling Operations
    """

    code = "CNN312"
    name = "average-pool-inside"
    severity = Severity.ADVICE
    default = False

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AvgPool2d(6), nn.Flatten(), nn.Linear(8, 2))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(8, 8, 3))
                                                           ^^^^^^^^^^^^^^^ average
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x20
        net = nn.Sequential(nn.Conv1d(3, 8, 3), nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(8, 8, 3))
                                                           ^^^^^^^^^^^^^^^ average
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("pool"):
            if operation.attributes.get("mode") != "avg" or operation.fault:
                continue
            before = any(step.kind == "conv" for step in trace.upstream(trace.main_input(operation)))
            if before and any(use.kind == "conv" for use in trace.consumers(operation)):
                yield self.at(
                    trace,
                    operation,
                    "average pooling between convolutions blurs what max pooling keeps",
                    help="use nn.MaxPool2d, or a strided convolution",
                )
