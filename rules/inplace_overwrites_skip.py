from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Related, Severity, Span
from cnnlint.fixes.rewriting import set_layer_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule


class InplaceOverwritesSkip(OperationRule):
    """An in-place operator that changes a tensor which another branch still reads.

    ## Why
    `nn.ReLU(inplace=True)` writes into its input. When the same tensor is kept for a skip connection, the
    skip carries the rectified values, and nothing says so: torch raises only when a gradient needs the
    old values.

    ## Use instead
    `inplace=False` for the first operator behind a branching, or branch behind it.

    ## References
    - https://pytorch.org/docs/stable/notes/autograd.html (in-place operations)
    """

    code = "CNN505"
    name = "inplace-overwrites-skip"
    severity = Severity.ERROR

    valid = [
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.position = nn.Parameter(torch.zeros(8, 1, 1))
                self.conv = nn.Conv2d(8, 8, 3, padding=1)

            def forward(self, x):
                x = self.conv(x)
                x.add_(self.position)
                return self.conv(x) + x
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)
                self.relu = nn.ReLU(inplace=True)

            def forward(self, x):
                out = self.conv(x)
                out = self.relu(out)
                return out + x
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class PostActivation(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)
                self.relu = nn.ReLU(inplace=True)

            def forward(self, x):
                x = self.relu(x)
                return self.conv(x) + x
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)
                self.relu = nn.ReLU(inplace=True)
                                            ^^^^ relu

            def forward(self, x):
                identity = self.conv(x)
                out = self.conv(self.relu(identity))
                return out + identity
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.stem = nn.Conv2d(8, 8, 1)
                self.body = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(8, 8, 3, padding=1))
                                                          ^^^^ body.0

            def forward(self, x):
                x = self.stem(x)
                return x + self.body(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)

            def forward(self, x):
                x = self.conv(x)
                skip = x
                x += self.conv(x)
                ^^^^^^^^^^^^^^^^^
                return self.conv(x) * skip
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations():
            again = operation.overwrites
            if again is None or operation.fault or not operation.outputs:
                continue
            if trace.main_input(operation) is None or not _is_read_at(trace, operation, again):
                continue
            name = trace.describe(operation)
            yield self.at(
                trace,
                operation,
                f"{name} overwrites a tensor that is read again in line {again.row}: there it has the values "
                f"behind {name}",
                argument="inplace",
                related=[Related("the overwritten tensor is read here", again)],
                help="write inplace=False"
                if operation.kind == "activation"
                else "write it without the in-place form",
                fix=unsafe_fix(
                    "write inplace=False",
                    set_layer_argument(trace, own_layer(trace, operation), "inplace", False),
                ),
            )


def _is_read_at(trace: Trace, operation: Operation, again: Span) -> bool:
    """Whether an operator that the code applies at a place really reads the overwritten memory, or
    the model returns it."""
    storage = trace.tensor(operation.outputs[0]).storage
    for step in trace.run.operations[operation.index + 1 :]:
        if any(call.contains(again) for call in step.calls) and any(
            trace.tensor(id).storage == storage for id in step.inputs()
        ):
            return True
    return any(trace.tensor(id).storage == storage for id in trace.run.outputs)
