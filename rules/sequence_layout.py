import re
from collections.abc import Iterator

from cnnlint.analyses.axes import BATCH, axis_provenance, roles
from cnnlint.diagnostic import Diagnostic, Related, Severity
from cnnlint.fixes.rewriting import set_layer_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint.traces import Operation, Tensor
from cnnlint_rules._operations import OperationRule

STEP_OF_AXIS_1 = re.compile(r"\[:, (-1|0)(, :)*\]")
"""The first or last position of axis 1, of every position of axis 0."""

KEEPS_AXES = frozenset({"activation", "dropout", "norm", "copy", "add"})


class SequenceLayout(OperationRule):
    """A recurrent layer or attention that reads the batch as time.

    ## Why
    Without `batch_first=True`, `nn.LSTM`, `nn.GRU`, `nn.RNN`, `nn.MultiheadAttention` and the Transformer
    layers take `[length, batch, features]`. A tensor `[batch, length, features]` fits as well: it runs, each
    sample is taken for a step in time behind the sample before it, and the steps of a sample never meet.
    It is told where it is known that the axis is the batch: a convolution or a BatchNorm took it for
    that, or the code goes on with the last position of the other axis (`out[:, -1]`). Code that puts time
    first (CRNN and CTC) is right.

    ## Use instead
    `batch_first=True`, or `x.permute(1, 0, 2)` before the layer.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html
    - https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
    """

    code = "CNN515"
    name = "sequence-layout"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=6x100
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.cnn = nn.Conv1d(6, 32, 5)
                self.lstm = nn.LSTM(32, 64, batch_first=True)

            def forward(self, x):
                out, _ = self.lstm(self.cnn(x).permute(0, 2, 1))
                return out[:, -1]
        """,
        """
        import torch.nn as nn

        # cnnlint: input=1x32x100
        class Ctc(nn.Module):
            def __init__(self):
                super().__init__()
                self.cnn = nn.Conv2d(1, 32, (32, 3))
                self.lstm = nn.LSTM(32, 64)
                self.fc = nn.Linear(64, 11)

            def forward(self, x):
                out, _ = self.lstm(self.cnn(x).squeeze(2).permute(2, 0, 1))
                return self.fc(out).log_softmax(2)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=20x8
        class TimeFirst(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = nn.LSTM(8, 64)

            def forward(self, steps):
                out, _ = self.lstm(steps)
                return out[-1]
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class OneSequence(nn.Module):
            def __init__(self):
                super().__init__()
                self.cnn = nn.Conv2d(3, 16, 8)
                self.lstm = nn.LSTM(16, 8)

            def forward(self, frames):
                out, _ = self.lstm(self.cnn(frames).flatten(1))
                return out[-1]
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=6x100
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.cnn = nn.Conv1d(6, 32, 5)
                self.lstm = nn.LSTM(32, 64)
                            ^^^^^^^^^^^^^^^ takes [length, batch, features]

            def forward(self, x):
                out, _ = self.lstm(self.cnn(x).permute(0, 2, 1))
                return out.mean(1)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=20x8
        class Last(nn.Module):
            def __init__(self):
                super().__init__()
                self.gru = nn.GRU(8, 64, num_layers=2)
                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^
                self.fc = nn.Linear(64, 5)

            def forward(self, x):
                out, _ = self.gru(x)
                return self.fc(out[:, -1, :])
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x64x64
        class Patches(nn.Module):
            def __init__(self):
                super().__init__()
                self.patch = nn.Conv2d(3, 32, 8, 8)
                layer = nn.TransformerEncoderLayer(32, 4, 64)
                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ [B, 64, 32]
                self.encoder = nn.TransformerEncoder(layer, 2)

            def forward(self, x):
                return self.encoder(self.patch(x).flatten(2).transpose(1, 2)).mean(1)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=1x32x100
        class Swapped(nn.Module):
            def __init__(self):
                super().__init__()
                self.cnn = nn.Conv2d(1, 32, (32, 3))
                self.lstm = nn.LSTM(32, 64, batch_first=True)
                                                        ^^^^ takes [batch, length, features]

            def forward(self, x):
                out, _ = self.lstm(self.cnn(x).squeeze(2).permute(2, 0, 1))
                return out
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        provenance = axis_provenance(trace)
        for operation in trace.operations("recurrent", "attention"):
            source = trace.operand(operation, "query") or trace.operand(operation)
            if source is None or operation.fault or source.uncertain or len(source.shape) != 3:
                continue
            if "batch_first" not in operation.attributes and operation.name != "multi_head_attention_forward":
                continue  # scaled_dot_product_attention takes any leading axes
            batch_first = bool(operation.attributes.get("batch_first"))
            time, other = (1, 0) if batch_first else (0, 1)
            axes = provenance[source.id]
            if roles(axes[time]) != {BATCH} or BATCH in roles(axes[other]) or source.shape[other] == 1:
                continue
            witness = _witness(trace, operation, source)
            if witness is not None:
                yield self._finding(trace, operation, source, batch_first, witness)

    def _finding(
        self, trace: Trace, operation: Operation, source: Tensor, batch_first: bool, witness: Related
    ) -> Diagnostic:
        layout = "[batch, length, features]" if batch_first else "[length, batch, features]"
        swap = f"batch_first={not batch_first}"
        return self.at(
            trace,
            operation,
            f"{trace.describe(operation)} takes {layout}, but it is given {trace.show(source)}: it reads the "
            "batch as time, and mixes the samples of a batch",
            argument="batch_first",
            help=f"write {swap}, or permute(1, 0, 2) before it",
            related=(witness,),
            fix=unsafe_fix(
                f"write {swap}",
                set_layer_argument(trace, own_layer(trace, operation), "batch_first", not batch_first),
            ),
        )


def _witness(trace: Trace, operation: Operation, source: Tensor) -> Related | None:
    """What shows that the axis which is read as time holds the samples: an operator before that took it for
    the batch, or the code behind, which takes one step of the other axis."""
    provenance = axis_provenance(trace)
    for step in trace.upstream(source):
        before = trace.operand(step)
        if before is None or not step.calls or len(before.shape) < 3 or not _takes_batch_first(step, before):
            continue
        first = [factor for factor in provenance[before.id][0] if factor.size != 1]
        if len(first) == 1 and first[0].roles == {BATCH}:
            return Related(f"{trace.describe(step)} takes axis 0 for the batch", step.calls[0])
        break  # several axes are in one there, such as the frames of clips: which is which, it does not say
    if operation.attributes.get("batch_first"):
        return None
    return next(_steps_of_axis_1(trace, operation), None)


def _takes_batch_first(step: Operation, before: Tensor) -> bool:
    """Whether an operator takes axis 0 of its input for the samples, whatever they are."""
    if step.kind in ("conv", "conv_transpose", "pool", "adaptive_pool"):
        return len(before.shape) == len(step.windows) + 2
    if step.kind == "recurrent":
        return step.attributes.get("batch_first") is True
    return step.name in ("batch_norm", "instance_norm", "group_norm")


def _steps_of_axis_1(trace: Trace, operation: Operation) -> Iterator[Related]:
    """Where the first or last position of axis 1 of the result is taken, as a step in time."""
    waiting = list(operation.outputs[:1])
    for id in waiting:
        for use in trace.consumers(id):
            index = use.attributes.get("index")
            of_axis_1 = use.name == "select" and use.attributes.get("dim") == 1 and index in (0, -1)
            if of_axis_1 or (isinstance(index, str) and STEP_OF_AXIS_1.fullmatch(index)):
                yield Related("one step of axis 1 is taken here, as if that were time", use.calls[0])
            elif use.kind in KEEPS_AXES | {"recurrent", "attention"}:
                waiting.extend(use.outputs[:1])
