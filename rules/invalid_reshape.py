from collections.abc import Iterator

from cnnlint.analyses.axes import axis_provenance
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.fixes.rewriting import called, renamed, unsafe_fix
from cnnlint.graph import Trace, product
from cnnlint.traces import Operation, Shape, Tensor
from cnnlint.wording import maker, worked_out
from cnnlint_rules._faults import FaultRule, Refused
from cnnlint_rules._operations import OperationRule
from cnnlint_rules.lost_batch_axis import is_row_count


class InvalidReshape(FaultRule, OperationRule):
    """A view or reshape to a size that does not fit, or a view of a tensor that is not contiguous.

    ## Why
    A reshape keeps every number, so the products of both shapes must agree. `view` moreover never
    copies: after `permute` or `transpose` the numbers lie in another order, and it raises. Neither
    exchanges axes: `[B, 32, 32, 3]` viewed as `[B, 3, 32, 32]` is not the picture with its channels first
    but its numbers cut anew, and it runs.

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

        # cnnlint: input=32x32x3
        class ChannelsLast(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, x):
                return self.conv(x.reshape(-1, 3, 32, 32))
                                 ^^^^^^^^^^^^^^^^^^^^^^^^ does not exchange axes
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

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        yield from super().check(trace)
        provenance = axis_provenance(trace)
        for operation in trace.operations("reshape"):
            source = trace.main_input(operation)
            if source is None or operation.fault or source.uncertain or not operation.outputs:
                continue
            result = trace.tensor(operation.outputs[0])
            if _exchanges_sizes(source.shape, result.shape) and any(
                len(factor.roles) > 1 for axis in provenance[result.id][1:] for factor in axis
            ):
                yield self._cuts_through(trace, operation, source, result)

    def _cuts_through(self, trace: Trace, operation: Operation, source: Tensor, result: Tensor) -> Diagnostic:
        permute = f"permute({', '.join(map(str, _permutation(source.shape, result.shape)))})"
        return self.at(
            trace,
            operation,
            f"{operation.name}() from {trace.show(source)} to {trace.show(result)} does not exchange axes: "
            "it cuts the numbers anew in the order in which they lie, and mixes rows, columns and channels",
            label=f"{maker(trace, source)} gives {trace.show(source)}",
            help=f"write .{permute}",
            fix=unsafe_fix(f"write .{permute}", called(trace, operation, permute)),
            severity=Severity.WARNING,
        )

    def concerns(self, refused: Refused) -> bool:
        return not is_row_count(refused.trace, refused.operation)

    def finding(self, refused: Refused) -> Diagnostic:
        source = refused.source
        help = fix = None
        if source is not None and len(source.shape) > 1:
            label = f"{refused.produced}: {worked_out(source.shape[1:])} for each sample"
            if "contiguous" in refused.fault.message or "stride" in refused.fault.message:
                help = "write .reshape(…), or .contiguous() before .view(…)"
                fix = unsafe_fix("write reshape", renamed(refused.trace, refused.operation, "reshape"))
            elif product(source.shape) > 0:
                help = "write torch.flatten(x, 1) to flatten, or the sizes whose product is that of the map"
            return self.refusal(refused, label=label, help=help, fix=fix)
        return self.refusal(refused)


def _exchanges_sizes(before: Shape, after: Shape) -> bool:
    """Whether the sizes behind the batch are the same in another order, so that a permutation was meant.

    Sizes that differ by one are the shift of relative positions (Transformer-XL), which is meant so.
    """
    if len(before) != len(after) or before[0] != after[0] or before == after:
        return False
    moved = sorted({size for size, other in zip(before, after, strict=True) if size != other})
    if sorted(before) != sorted(after) or 1 in moved:
        return False
    return not (len(moved) == 2 and moved[1] - moved[0] == 1)


def _permutation(before: Shape, after: Shape) -> list[int]:
    """Axes of `before` in the order in which their sizes stand in `after`."""
    free = list(range(len(before)))
    order = []
    for size in after:
        axis = next(at for at in free if before[at] == size)
        free.remove(axis)
        order.append(axis)
    return order
