from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import WEIGHTED, Trace
from cnnlint.plugin import Option
from cnnlint.traces import Operation
from cnnlint.wording import reads
from cnnlint_rules._operations import OperationRule

SATURATING = frozenset({"sigmoid", "tanh"})

CARRIES = frozenset(
    {
        "dropout",
        "norm",
        "pool",
        "adaptive_pool",
        "reshape",
        "permute",
        "cat",
        "add",
        "pad",
        "interpolate",
        "copy",
    }
)
"""Kinds of operators behind which the activation is still the layer's input."""


class SaturatingHiddenActivation(OperationRule):
    """Sigmoid or tanh between the weighted layers of a deep net.

    ## Why
    The slope of a sigmoid is at most 1/4 and close to 0 for large inputs; through ten of them a gradient
    has lost six digits. ReLU's slope is 1 wherever it is active.

    ## Use instead
    `nn.ReLU()`, `nn.GELU()` or `nn.SiLU()`. Gates, whose result multiplies something, are left alone.

    ## References
    - Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    - Krizhevsky et al. 2012, AlexNet, section 3.1
    """

    code = "CNN206"
    name = "saturating-hidden-activation"
    severity = Severity.ADVICE

    layers = Option(5, "how many weighted layers a net may have with such activations", least=0)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=8
        shallow = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8
        net = nn.Sequential(
            nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(),
            nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2), nn.Sigmoid(),
        )
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=8
        net = nn.Sequential(
            nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(),
            nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 2),
                             ^^^^^^^^^ 6 weighted layers
                                                         ^^^^^^^^^^^^ 6 weighted layers
        )
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(7))

            def forward(self, x):
                for layer in self.layers:
                    x = torch.tanh(layer(x))
                        ^^^^^^^^^^^^^^^^^^^^ 7 weighted layers
                return x
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        depth = sum(1 for _ in trace.operations("conv", "conv_transpose", "linear"))
        if depth <= self.layers:
            return
        hidden = [step for step in trace.operations("activation") if _is_hidden_and_saturates(trace, step)]
        if len(hidden) < 2:
            return  # one before the head bends the features once, as meant
        for operation in hidden:
            name = operation.name.rstrip("_")
            yield self.at(
                trace,
                operation,
                f"{name} between the layers of a net of {depth} weighted layers: its gradient vanishes",
                help="use nn.ReLU() inside the net",
            )


def _is_hidden_and_saturates(trace: Trace, operation: Operation) -> bool:
    """Whether a sigmoid or tanh lies between weighted layers and is no gate."""
    if operation.name.rstrip("_") not in SATURATING:
        return False
    if trace.weighted_source(trace.main_input(operation)) is None:
        return False
    if any(use.kind == "mul" for use in trace.consumers(operation)):
        return False
    return any(use.kind in WEIGHTED for use in reads(trace, operation, CARRIES))
