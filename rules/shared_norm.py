from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Related, Severity
from cnnlint.graph import Trace
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule


class SharedNorm(OperationRule):
    """One BatchNorm that is called on maps of different sizes.

    ## Why
    BatchNorm keeps one running mean and variance a channel. Maps at different depths have different
    statistics: the running ones become a mixture that fits neither, and evaluation differs from training.

    ## Use instead
    A norm of its own for each place. Sharing between equal inputs (siamese nets) is fine.

    ## References
    - Lin et al. 2017, Focal Loss (RetinaNet's shared heads have no BatchNorm): https://arxiv.org/abs/1708.02002
    """

    code = "CNN508"
    name = "shared-norm"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8, 3x8x8
        class Siamese(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, bias=False)
                self.norm = nn.BatchNorm2d(8)

            def forward(self, a, b):
                return self.norm(self.conv(a)) - self.norm(self.conv(b))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        act = nn.ReLU()
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), act, nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), act)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x16x16
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(3, 8, 3, bias=False)
                self.conv2 = nn.Conv2d(8, 8, 3, stride=2, bias=False)
                self.norm = nn.BatchNorm2d(8)
                            ^^^^^^^^^^^^^^^^^ 2 different

            def forward(self, x):
                x = self.norm(self.conv1(x)).relu()
                return self.norm(self.conv2(x)).relu()
        """,
        """
        import torch.nn as nn

        # cnnlint: input=64
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv1d(1, 8, 3, stride=2, bias=False)
                self.next = nn.Conv1d(8, 8, 3, stride=2, bias=False)
                self.norm = nn.BatchNorm1d(8)
                            ^^^^^^^^^^^^^^^^^ 2 different

            def forward(self, x):
                x = self.norm(self.conv(x.unsqueeze(1))).relu()
                return self.norm(self.next(x))
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        calls: dict[str, list[Operation]] = {}
        for operation in trace.operations("norm"):
            if operation.name == "batch_norm" and operation.layer and not operation.fault:
                calls.setdefault(operation.layer, []).append(operation)
        for operations in calls.values():
            shapes = {trace.tensor(step.outputs[0]).shape[2:]: step for step in operations if step.outputs}
            uncertain = any(trace.tensor(step.outputs[0]).uncertain for step in operations if step.outputs)
            if len(shapes) > 1 and not uncertain:
                yield self._finding(trace, list(shapes.values()))

    def _finding(self, trace: Trace, operations: list[Operation]) -> Diagnostic:
        first, *others = operations
        shapes = ", ".join(trace.show(step.outputs[0]) for step in operations[:4])
        return self.at(
            trace,
            first,
            f"{trace.describe(first)} is called on maps of {len(operations)} different sizes and mixes their "
            f"statistics: {shapes}",
            help="give each place a BatchNorm of its own",
            here=f"on {trace.show(first.outputs[0])} here",
            related=[
                Related(f"on {trace.show(step.outputs[0])} here", step.calls[0])
                for step in others
                if step.calls
            ],
        )
