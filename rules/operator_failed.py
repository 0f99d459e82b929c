import difflib
import re

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint_rules._faults import FaultRule, Refused


class OperatorFailed(FaultRule):
    """Anything else that raised in the forward pass.

    ## Why
    The forward pass cannot run with this input. The finding stands at the innermost line of your own code
    and repeats torch's, or Python's, own words.

    ## Use instead
    What the words say. When the input is not the one that you meant, say which it is: `--input 3x32x32`
    or the comment `# cnnlint: input=3x32x32`.

    ## References
    - https://pytorch.org/docs/stable/torch.html
    """

    code = "CNN199"
    name = "operator-failed"
    severity = Severity.ERROR
    reasons = ("failed",)

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def forward(self, x):
                return x.transpose(1, 2)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def forward(self, x):
                try:
                    return x.transpose(1, 7)
                except IndexError:
                    return x
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def forward(self, x):
                if x.shape[1] != 1:
                    raise ValueError("grey images only")
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ grey images
                return x
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, x):
                return self.conv1(x)
                       ^^^^^^^^^^ conv1
        """,
    ]

    def concerns(self, refused: Refused) -> bool:
        """A forward that raises in training only wants something that it was not given, such as targets."""
        trace = refused.trace
        evaluates = trace.other is not None and trace.other.run.complete
        return not (refused.operation.kind == "raise" and trace.mode == "train" and evaluates)

    def finding(self, refused: Refused) -> Diagnostic:
        message = refused.fault.exception or refused.fault.message
        return self.refusal(refused, message, help=_close_name(refused))


def _close_name(refused: Refused) -> str | None:
    """A layer whose name is close to an attribute that the model has not."""
    missing = re.search(r"has no attribute '(\w+)'", refused.fault.message)
    names = [layer.path for layer in refused.trace.model.layers if layer.path]
    close = difflib.get_close_matches(missing[1], names, 2) if missing else []
    return f"there is {' and '.join(close)}" if close else None
