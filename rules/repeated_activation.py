from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.fixes.rewriting import unsafe_fix, without
from cnnlint.graph import Trace
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule

IDEMPOTENT = frozenset({"relu", "relu6", "threshold", "hardtanh"})


class RepeatedActivation(OperationRule):
    """An activation on an activation.

    ## Why
    The second one acts on what the first has already bent: ReLU of ReLU does nothing, tanh of ReLU loses
    half of tanh, softmax of sigmoid is almost flat. Most often a helper already holds the activation.

    ## Use instead
    One of them.

    ## References
    - https://pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity
    """

    code = "CNN205"
    name = "repeated-activation"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.ReLU())
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=3x8x8
        class Mish(nn.Module):
            def forward(self, x):
                return x * F.tanh(F.softplus(x))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ReLU(), nn.Conv2d(8, 8, 3))
                                                           ^^^^^^^^^ changes nothing
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=192
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(192, 10)

            def forward(self, x):
                return F.softmax(F.relu(self.fc(x)), dim=1)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ already
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for second in trace.operations("activation", "softmax"):
            first = trace.producer(trace.main_input(second))
            if first is None or first.kind not in ("activation", "softmax") or second.fault or first.fault:
                continue
            if first.name == "glu" or any(use.kind == "mul" for use in trace.consumers(second)):
                continue  # a gate
            yield self._finding(trace, first, second)

    def _finding(self, trace: Trace, first: Operation, second: Operation) -> Diagnostic:
        one, other = first.name.rstrip("_"), second.name.rstrip("_")
        same = one == other and one in IDEMPOTENT
        message = f"{other} of {one}: the result of {one} comes in, which is already bent"
        if same:
            message = f"{other} of {one} changes nothing"
        return self.at(
            trace,
            second,
            message,
            help=f"remove the second {other}" if one == other else f"remove {one} or {other}",
            severity=Severity.ADVICE if same else None,
            fix=unsafe_fix(f"remove the second {other}", without(trace, second)) if same else None,
            also=(first,),
        )
