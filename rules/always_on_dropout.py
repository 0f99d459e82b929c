from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.fixes.rewriting import set_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint_rules._operations import OperationRule


class AlwaysOnDropout(OperationRule):
    """A functional dropout that also drops in evaluation.

    ## Why
    `F.dropout(x)` has `training=True` as its default and knows nothing of `model.eval()`: in evaluation the
    model goes on dropping half of its activations at random, and its results differ from call to call.

    ## Use instead
    `F.dropout(x, training=self.training)`, or an `nn.Dropout` layer.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
    """

    code = "CNN507"
    name = "always-on-dropout"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=64
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(64, 10)

            def forward(self, x):
                return self.fc(F.dropout(x, 0.5, self.training))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=64
        net = nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 10))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=64
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(64, 10)

            def forward(self, x):
                return self.fc(F.dropout(x, 0.5))
                               ^^^^^^^^^^^^^^^^^ evaluation
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=8x4x4
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 1)

            def forward(self, x):
                return F.dropout2d(self.conv(x))
                       ^^^^^^^^^^^^^^^^^^^^^^^^^ evaluation
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        if trace.mode != "eval":
            return
        for operation in trace.operations("dropout"):
            attributes = operation.attributes
            if attributes.get("training") is not True or not attributes.get("p", 0.5):
                continue
            if own_layer(trace, operation) is None:
                yield self.at(
                    trace,
                    operation,
                    f"{operation.name} is also active in evaluation, whatever model.eval() says",
                    help=f"write {operation.name}(…, training=self.training), or use nn.Dropout",
                    fix=unsafe_fix(
                        "write training=self.training",
                        set_argument(
                            trace,
                            operation.calls[0] if operation.calls else None,
                            "training",
                            "self.training",
                            position=2,
                        ),
                    ),
                )
