from collections.abc import Iterator

from cnnlint.analyses.axes import BATCH, Axes, axis_provenance, roles
from cnnlint.analyses.heads import heads
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.fixes.rewriting import set_argument, set_layer_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint.traces import Operation, Tensor
from cnnlint_rules._operations import OperationRule


class SoftmaxAxis(OperationRule):
    """A softmax over the wrong axis on the way to the output.

    ## Why
    Softmax makes the numbers along one axis sum to 1. Over the batch, the samples compete with each
    other; over the width, each row of pixels sums to 1. Without `dim`, torch guesses by the number of axes
    (0 for three, else 1) and warns: where it guesses the classes, this is a warning too.

    ## Use instead
    The axis of the classes: `dim=1` for `[B, classes]` and `[B, classes, H, W]`, `dim=-1` where they are
    last.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
    """

    code = "CNN203"
    name = "softmax-axis"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 5, 1), nn.Softmax(dim=1))
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Heatmaps(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 5, 1)

            def forward(self, x):
                return self.conv(x).flatten(2).softmax(-1)
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        class LabelSmoothing(nn.Module):
            def forward(self, x, target):
                log_probabilities = F.log_softmax(x, dim=-1)
                return (-log_probabilities * target.float()).sum(-1).mean()
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 10), nn.Softmax(dim=0))
                                                               ^ over the batch
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 5, 1)

            def forward(self, x):
                return F.log_softmax(self.conv(x), dim=-1)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ over the width
        """,
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 10), nn.Softmax())
                                                ^^^^^^^^^^^^ no dim
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        provenance = axis_provenance(trace)
        told: set[int] = set()
        for head in heads(trace):
            if head.weighted is None:
                continue  # a loss or an activation of its own: which axes it is given, nothing says
            for step in head.after:
                source = trace.main_input(step)
                if step.kind != "softmax" or source is None or step.index in told or step.fault:
                    continue
                told.add(step.index)
                wrong = _wrong_axis(step, source, provenance[source.id])
                if wrong:
                    yield self._finding(
                        trace, step, source, f"{wrong}: the classes of {trace.show(source)} do not sum to 1"
                    )
                elif step.attributes.get("dim") is None:
                    guess = "with no dim: torch takes axis 1, a guess that it warns of"
                    yield self._finding(trace, step, source, guess).replace(severity=Severity.WARNING)

    def _finding(self, trace: Trace, step: Operation, source: Tensor, wrong: str) -> Diagnostic:
        classes = 1 if len(source.shape) != 3 else "1 or -1"
        layer = own_layer(trace, step)
        if layer is not None:
            edits = set_layer_argument(trace, layer, "dim", 1)
        else:
            edits = set_argument(trace, step.calls[0] if step.calls else None, "dim", 1)
        return self.at(
            trace,
            step,
            f"{step.name} {wrong}",
            argument="dim",
            label=f"over {trace.show(source)}",
            help=f"write dim={classes}",
            fix=unsafe_fix("write dim=1", edits) if classes == 1 else None,
        )


def _wrong_axis(step: Operation, source: Tensor, axes: Axes) -> str | None:
    """What is wrong with the axis, in words that follow the function's name."""
    dim = step.attributes.get("dim")
    rank = len(source.shape)
    if dim is None:
        return "with no dim runs over axis 0" if rank in (0, 1, 3) else None
    if not isinstance(dim, int) or not rank:
        return None
    dim %= rank
    here = roles(axes[dim]) if dim < len(axes) else frozenset()
    if here == {BATCH} and sum(roles(axis) == {BATCH} for axis in axes) == 1:
        return "over the batch"
    if rank >= 4 and len(here) == 1 and len(axes[dim]) == 1:
        (role,) = here
        if isinstance(role, int):
            return f"over the {_axis_name(role, rank - 2)}"
    return None


def _axis_name(number: int, space: int) -> str:
    names = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}.get(space, ())
    return names[number] if number < len(names) else f"spatial axis {number}"
