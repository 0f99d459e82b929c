from collections.abc import Iterator

from cnnlint.analyses.reach import downstream, reaches_output
from cnnlint.analyses.statements import stands_alone
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import WEIGHTED, Trace
from cnnlint_rules._operations import OperationRule


class DiscardedResult(OperationRule):
    """A layer with weights whose result reaches no output of the model.

    ## Why
    The layer is called, its result is thrown away: a variable that is overwritten before it is read, or a
    branch that is never joined. The layer costs its work and learns nothing.

    ## Use instead
    Use the result (`x = self.conv2(x)`), or remove the call.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.Module.html
    """

    code = "CNN504"
    name = "discarded-result"
    severity = Severity.WARNING
    unnecessary = True

    valid = [
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Conv2d(3, 8, 1)
                self.b = nn.Conv2d(8, 8, 1)

            def forward(self, x):
                left, right = self.a(x).chunk(2, dim=1)
                return self.b(torch.cat([left, right], 1))
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Conv2d(3, 8, 1)

            def forward(self, x):
                out = x.new_zeros(x.shape[0], 8, 8, 8)
                out[:, :, 0] = self.a(x)[:, :, 0]
                return out
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(3, 8, 1)
                self.conv2 = nn.Conv2d(8, 8, 1)
                             ^^^^^^^^^^^^^^^^^^ conv2

            def forward(self, x):
                x = self.conv1(x)
                y = self.conv2(x)
                return x
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(3, 8, 1)
                             ^^^^^^^^^^^^^^^^^^ conv1
                self.conv2 = nn.Conv2d(3, 8, 1)

            def forward(self, x):
                y = self.conv1(x)
                y = self.conv2(x)
                return y
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        if trace.run is not trace.model.passes[0] or not trace.run.complete or any(trace.faults()):
            return
        live = {key for each in (trace, trace.other) if each for key in _keys(each, reaches_output(each))}
        dead = [
            step
            for step in trace.operations(*WEIGHTED)
            if (step.layer, step.calls) not in live and step.outputs and not stands_alone(trace, step)
        ]
        numbers = {step.index for step in dead}
        for step in dead:
            if not any(use.index in numbers for use in downstream(trace, step)):
                yield self.at(
                    trace,
                    step,
                    f"the result of {trace.describe(step)} reaches no output of the model",
                    label=f"{trace.show(step.outputs[0])} is thrown away",
                    help="use its result, or remove the call",
                )


def _keys(trace: Trace, live: frozenset[int]) -> Iterator[tuple[object, object]]:
    for step in trace.operations(*WEIGHTED):
        if step.index in live:
            yield (step.layer, step.calls)
