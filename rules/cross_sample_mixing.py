from collections.abc import Iterator

from cnnlint.analyses.axes import BATCH, axis_provenance, roles
from cnnlint.analyses.heads import heads
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.traces import Operation, Tensor
from cnnlint_rules._operations import OperationRule


class CrossSampleMixing(OperationRule):
    """An operator that mixes the samples of the batch.

    ## Why
    Softmax, a norm or a matrix product over the batch axis makes the result of a sample depend on which
    others happen to be in its batch. In evaluation, with another batch, the same image gives
    another result. BatchNorm in training is the one that is meant to.

    ## Use instead
    Name an axis of the sample: `dim=1` or `dim=-1`; for attention over positions, keep the batch first.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
    """

    code = "CNN512"
    name = "cross-sample-mixing"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=8x16
        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.score = nn.Linear(16, 8)

            def forward(self, x):
                weights = self.score(x).softmax(-1)
                return weights @ x
        """,
        """
        import torch.nn as nn

        # cnnlint: input=16
        class Contrast(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Linear(16, 8)

            def forward(self, x):
                x = self.embed(x)
                return x @ x.T
        """,
        """
        import torch.nn as nn

        # cnnlint: input=16,16
        class Nearest(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Linear(16, 8)
                self.head = nn.Linear(8, 2)

            def forward(self, query, neighbours):
                far = self.embed(query)[:, None] - self.embed(neighbours)[None]
                near = (-far.square().sum(2)).softmax(1)
                return self.head(near @ self.embed(neighbours))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=16
        class Gate(nn.Module):
            def __init__(self):
                super().__init__()
                self.score = nn.Linear(16, 16)
                self.fc = nn.Linear(16, 2)

            def forward(self, x):
                return self.fc(x * self.score(x).softmax(0))
                                   ^^^^^^^^^^^^^^^^^^^^^^^^ the batch
        """,
        """
        import torch.nn as nn

        # cnnlint: input=16
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Linear(16, 8)

            def forward(self, x):
                x = self.embed(x)
                return (x @ x.T).softmax(-1) @ x
                       ^^^^^^^^^^^^^^^^^^^^^^^^^
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        provenance = axis_provenance(trace)
        told_elsewhere = {
            step.index for head in heads(trace) for step in head.after if step.kind == "softmax"
        }
        mixed: set[int] = set()
        for operation in trace.operations("softmax", "matmul"):
            source = trace.main_input(operation)
            if source is None or operation.fault or source.uncertain or operation.index in told_elsewhere:
                continue
            if source.id in mixed:
                continue  # weights over the batch, applied
            axes = provenance[source.id]
            axis = operation.attributes.get("axis") if operation.kind == "softmax" else len(axes) - 1
            if not isinstance(axis, int) or axis >= len(axes) or len(axes) < 2:
                continue
            over_batch = [roles(each) == {BATCH} for each in axes]
            if sum(over_batch) > 1 < len(trace.run.inputs):
                continue  # each sample of one input beside each of another, which may be no batch
            if over_batch[axis] and _sums_over_samples(trace, operation):
                mixed.update(operation.outputs)
                yield self._finding(trace, operation, source, over_batch)

    def _finding(
        self, trace: Trace, operation: Operation, source: Tensor, over_batch: list[bool]
    ) -> Diagnostic:
        if all(over_batch):
            help = "the product that gave it pairs samples: keep the batch first in both, as [B, N, C]"
        else:
            help = "name an axis of the sample, such as dim=1"
        return self.at(
            trace,
            operation,
            f"{operation.name} runs over the batch of {trace.show(source)}: each sample's result depends on "
            "the others",
            argument="dim",
            help=help,
        )


def _sums_over_samples(trace: Trace, operation: Operation) -> bool:
    """Whether the batch is summed over: with the samples' own values on the right of a product."""
    if operation.kind != "matmul":
        return True
    other = trace.tensor(operation.inputs()[-1])
    return other.origin == "operation" and len(other.shape) >= 2
