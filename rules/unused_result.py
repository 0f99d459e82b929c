from collections.abc import Iterator

from cnnlint.analyses.statements import stands_alone
from cnnlint.diagnostic import Diagnostic, Edit, Fix, Severity
from cnnlint.fixes.rewriting import unsafe_fix
from cnnlint.graph import Trace
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule


class UnusedResult(OperationRule):
    """A statement whose new tensor nobody reads.

    ## Why
    `F.relu(x)` and `x.flatten(1)` give a new tensor and leave x as it is: as statements they do nothing. It
    runs, and the model lacks its activation. In-place operators (`x.relu_()`, `nn.ReLU(inplace=True)`) change
    x itself and are right.

    ## Use instead
    `x = F.relu(x)`.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.functional.relu.html
    """

    code = "CNN514"
    name = "unused-result"
    severity = Severity.WARNING
    unnecessary = True

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 1)
                self.seen = []

            def forward(self, x):
                self.seen.append(x.mean())
                return self.conv(x)
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 1)
                self.relu = nn.ReLU(inplace=True)

            def forward(self, x):
                x = self.conv(x)
                self.relu(x)
                x.mul_(2)
                F.relu(x, inplace=True)
                return x
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 1)

            def forward(self, x):
                x = self.conv(x)
                F.relu(x)
                ^^^^^^^^^ nobody reads
                return x
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 1)
                self.norm = nn.BatchNorm2d(8)

            def forward(self, x):
                x = self.conv(x)
                self.norm(x)
                ^^^^^^^^^^^^ nobody reads
                x.flatten(1)
                ^^^^^^^^^^^^ nobody reads
                return x
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.run.operations:
            if operation.fault or operation.inplace or not operation.outputs:
                continue
            if any(trace.consumers(id) for id in operation.outputs) or trace.is_output(operation):
                continue
            if stands_alone(trace, operation):
                yield self._finding(trace, operation)

    def _finding(self, trace: Trace, operation: Operation) -> Diagnostic:
        source = trace.source
        assert source is not None  # else it does not stand alone
        call = operation.calls[0]
        text = source.segment(call)
        name = _name_of_input(text)
        return self.report(
            call,
            f"nobody reads the new tensor that {trace.describe(operation)} gives: the statement does nothing",
            trace=trace,
            layers=(operation.layer,) if operation.layer else (),
            outputs=(trace.show(operation.outputs[0]),),
            help=f"write {name} = {text}" if name else "give the result a name, or remove the statement",
            fix=_assigned(trace, operation, name),
        )


def _assigned(trace: Trace, operation: Operation, name: str | None) -> Fix | None:
    call = operation.calls[0]
    if name is None:
        return None
    start = type(call)(call.filename, call.row, call.column, call.row, call.column, call.cell)
    return unsafe_fix(f"write {name} = …", (Edit(start, f"{name} = "),))


def _name_of_input(text: str) -> str | None:
    """The name that holds what a call reads: `x` of `F.relu(x)`, `self.norm(x)` and `x.flatten(1)`."""
    head, _, arguments = text.partition("(")
    owner = head.rpartition(".")[0]
    first = arguments.partition(",")[0].rstrip(")").strip()
    if first.isidentifier():
        return first
    return owner if owner.isidentifier() and owner not in ("F", "torch") else None
