from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import product
from cnnlint.wording import worked_out
from cnnlint_rules._faults import FaultRule, Refused
from cnnlint_rules.lost_batch_axis import is_row_count


class InvalidReshape(FaultRule):
    """A view or reshape to a size that does not fit, or a view of a tensor that is not contiguous.

    ## Why
    A reshape keeps every number, so the products of both shapes must agree. `view` moreover never
    copies: after `permute` or `transpose` the numbers lie in another order, and it raises.

    ## Use instead
    `x.view(x.size(0), -1)` or `torch.flatten(x, 1)` to flatten; `x.reshape(…)` or
    `x.contiguous().view(…)` after a permutation.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.Tensor.view.html
    """

    code = "CNN109"
    name = "invalid-reshape"
    severity = Severity.ERROR
    reasons = ("reshape",)

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=6x4x4
        class Net(nn.Module):
            def forward(self, x):
                return x.view(x.size(0), 2, 3, 4, 4)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=6x4x4
        class Net(nn.Module):
            def forward(self, x):
                return x.permute(0, 2, 3, 1).reshape(x.size(0), -1)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=6x4x4
        class Net(nn.Module):
            def forward(self, x):
                return x.view(x.size(0), 4, 4, 4, 4)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        """,
        """
        import torch.nn as nn

        # cnnlint: input=6x4x4
        class Net(nn.Module):
            def forward(self, x):
                return x.permute(0, 2, 3, 1).view(x.size(0), -1)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ contiguous
        """,
    ]

    def concerns(self, refused: Refused) -> bool:
        return not is_row_count(refused.trace, refused.operation)

    def finding(self, refused: Refused) -> Diagnostic:
        source = refused.source
        help = None
        if source is not None and len(source.shape) > 1:
            label = f"{refused.produced}: {worked_out(source.shape[1:])} for each sample"
            if "contiguous" in refused.fault.message or "stride" in refused.fault.message:
                help = "write .reshape(…), or .contiguous() before .view(…)"
            elif product(source.shape) > 0:
                help = "write torch.flatten(x, 1) to flatten, or the sizes whose product is that of the map"
            return self.refusal(refused, label=label, help=help)
        return self.refusal(refused)
