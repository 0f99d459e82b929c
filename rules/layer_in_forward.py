from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import WEIGHTED, Trace
from cnnlint_rules._operations import OperationRule


class LayerInForward(OperationRule):
    """A layer with weights that is constructed inside forward.

    ## Why
    Each call makes the layer anew, with fresh random weights. Nothing that it learns is kept, and it is
    not among the model's parameters.

    ## Use instead
    Build it once in `__init__` (`self.fc = nn.Linear(64, 10)`) and call it in forward. Where a size is only
    known in forward, `nn.LazyLinear(10)` finds it.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html
    """

    code = "CNN502"
    name = "layer-in-forward"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, x):
                return nn.MaxPool2d(2)(nn.ReLU()(self.conv(x)))
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.LazyLinear(10)

            def forward(self, x):
                return self.fc(x.flatten(1))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, x):
                x = self.conv(x).flatten(1)
                return nn.Linear(x.shape[1], 10)(x)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ in forward
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def forward(self, x):
                return nn.Conv2d(3, 8, 3)(x)
                       ^^^^^^^^^^^^^^^^^^^^^ in forward
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations(*WEIGHTED, "norm"):
            if operation.layer is None or "@" not in operation.layer or not operation.calls:
                continue
            weight = trace.operand(operation, "weight")
            if weight is None:
                continue
            kind = operation.layer.partition("@")[0]
            yield self.at(
                trace,
                operation,
                f"{kind} is constructed in forward: each call has fresh weights that are never trained",
                help=f"build it in __init__ (self.layer = nn.{kind}(…)) and call it here",
            )
