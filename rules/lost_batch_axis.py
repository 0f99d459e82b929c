import itertools
from collections.abc import Iterator

from cnnlint.analyses.axes import BATCH, FEATURES, Axes, Axis, axis_provenance, roles
from cnnlint.diagnostic import Diagnostic, Fix, Severity
from cnnlint.fixes.rewriting import called, unsafe_fix
from cnnlint.graph import Trace, product
from cnnlint.placing import argument_fix, place
from cnnlint.plugin import Rule
from cnnlint.traces import Operation, Shape, Tensor
from cnnlint.wording import ladder_here, maker, shown, worked_out
from cnnlint_rules.flatten_mismatch import told_as


class LostBatchAxis(Rule):
    """A reshape that moves part of another axis into the batch, or the batch into another axis.

    ## Why
    In `x.view(-1, 400)` the −1 is the first axis: whatever is left over. When a sample has 576 features
    instead of 400, torch makes 1.44 rows of each sample, and the rows of the result are no samples any
    more. With the right batch size this runs without an error; the labels then belong to other rows.

    ## Use instead
    Name the batch, and leave the features to −1: `torch.flatten(x, 1)` or `x.view(x.size(0), -1)`. A
    wrong number of features then raises at the Linear, where it can be seen. For `squeeze()`, name the
    axis: `x.squeeze(-1)`, since a last batch of 1 would lose its axis.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.Tensor.view.html
    """

    code = "CNN104"
    name = "lost-batch-axis"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 16, 3, padding=1)
                self.fc = nn.Linear(16 * 8 * 8, 10)

            def forward(self, x):
                return self.fc(self.conv(x).view(-1, 16 * 8 * 8))
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class PixelLogits(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 5, 1)

            def forward(self, x):
                return self.conv(x).permute(0, 2, 3, 1).reshape(-1, 5)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x3x16x16
        class Frames(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 6, 3)
                self.fc = nn.Linear(6, 4)

            def forward(self, clips):
                batch, frames, channels, height, width = clips.shape
                x = self.conv(clips.view(batch * frames, channels, height, width))
                return self.fc(x.mean((2, 3))).view(batch, frames, -1).mean(1)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 16, 3, padding=1)
                self.fc = nn.Linear(16 * 4 * 4, 10)

            def forward(self, x):
                return self.fc(self.conv(x).view(-1, 16 * 4 * 4))
                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 4 rows
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x12x12
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 4, 3, padding=1)
                self.fc = nn.Linear(400, 10)

            def forward(self, x):
                return self.fc(self.conv(x).view(-1, 400))
                               ^^^^^^^^^^^^^^^^^^^^^^^^^^ 4 × 12 × 12 = 576
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 1, 8)

            def forward(self, x):
                return self.conv(x).squeeze()
                       ^^^^^^^^^^^^^^^^^^^^^^ a batch of 1
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        provenance = axis_provenance(trace)
        told: set[int] = set()
        for operation in (*self._faulty(trace), *self._mixing(trace, provenance)):
            source = trace.main_input(operation)
            if _is_for_one_batch(trace, operation):
                continue
            if operation.index not in told and source is not None and not source.uncertain:
                told.add(operation.index)
                yield self._finding(trace, operation, source)
        for operation in trace.operations("squeeze"):
            source = trace.main_input(operation)
            if source is not None and operation.attributes.get("dim") is None and operation.name == "squeeze":
                yield from self._squeezed(trace, operation, source, provenance)

    @staticmethod
    def _faulty(trace: Trace) -> Iterator[Operation]:
        """Reshapes that torch refuses only because this batch does not divide so, and those whose
        result put the batch among the features of a Linear."""
        for operation in trace.faults("reshape"):
            if is_row_count(trace, operation):
                yield operation
        for operation in trace.faults("features"):
            source = trace.main_input(operation)
            if source is not None and told_as(trace, source) == "lost-batch-axis":
                yield next((step for step in trace.upstream(source) if step.kind == "reshape"), operation)

    @staticmethod
    def _mixing(trace: Trace, provenance: dict[int, Axes]) -> Iterator[Operation]:
        """Reshapes that cut the batch together with another axis, and those that moved features into it
        which are still there in the model's output."""
        for operation in trace.operations("reshape"):
            if operation.outputs and any(
                BATCH in factor.roles and len(factor.roles) > 1
                for axis in provenance[operation.outputs[0]]
                for factor in axis
            ):
                yield operation
        for output in trace.run.outputs:
            axes = provenance.get(output, ())
            if any(_holds_features(axis) for axis in axes):
                yield from _culprit(trace, output, provenance)

    def _finding(self, trace: Trace, operation: Operation, source: Tensor) -> Diagnostic:
        where = place(trace, operation)
        features = source.shape[1:]
        count = product(features)
        wanted = _row_length(trace, operation)
        producer = maker(trace, source)
        if wanted and wanted != count:
            rows = f"{count // wanted} rows" if count % wanted == 0 else f"{count / wanted:.4g} rows"
            message = (
                f"{operation.name}() makes {rows} of each sample: a sample has {worked_out(features)} "
                f"features, not {wanted}"
            )
        else:
            message = f"{operation.name}() joins the batch with the axes {trace.show(source)} of the samples"
        linear = next((use for use in trace.consumers(operation) if use.kind == "linear"), None)
        help = "write torch.flatten(x, 1), which keeps the batch"
        if linear is not None and wanted and wanted != count:
            help += f", and give {trace.describe(linear)} in_features={count}"
        return self.report(
            where.span,
            message,
            trace=trace,
            label=f"{producer} gives {trace.show(source)}: {worked_out(features)}",
            layers=(operation.layer,) if operation.layer else (),
            inputs=shown(trace, source),
            outputs=shown(trace, *operation.outputs[:1]),
            related=where.related("called here", *ladder_here(trace, source)),
            help=help,
            fix=_flattened(trace, operation, linear, features),
        )

    def _squeezed(
        self, trace: Trace, operation: Operation, source: Tensor, provenance: dict[int, Axes]
    ) -> Iterator[Diagnostic]:
        axes = provenance[source.id]
        dropped = [at for at, size in enumerate(source.shape) if size == 1]
        if not axes or roles(axes[0]) != {BATCH} or not dropped or source.uncertain:
            return
        where = place(trace, operation)
        named = f"squeeze({dropped[0]})" if len(dropped) == 1 else f"flatten({dropped[0] - 1})"
        yield self.report(
            where.span,
            f"squeeze() without an axis also drops the batch axis of a batch of 1 from {trace.show(source)}",
            trace=trace,
            label="with a batch of 1 the batch axis goes too",
            severity=Severity.WARNING,
            layers=(operation.layer,) if operation.layer else (),
            inputs=shown(trace, source),
            outputs=shown(trace, *operation.outputs[:1]),
            related=where.related(),
            help=f"name the axes: {named}",
            fix=unsafe_fix(f"write {named}", called(trace, operation, named)),
        )


def _flattened(trace: Trace, operation: Operation, linear: Operation | None, features: Shape) -> Fix | None:
    """`flatten(1)` in the place of a reshape, with as many in_features for the Linear that reads it."""
    edits = called(trace, operation, "flatten(1)")
    if edits is None or linear is None:
        return unsafe_fix("write flatten(1)", edits)
    weight = trace.weight(linear)
    if weight is not None and weight.shape[1] == product(features):
        return unsafe_fix("write flatten(1)", edits)
    wider = argument_fix(trace, place(trace, linear, "in_features"), product(features), features)
    return unsafe_fix(f"write flatten(1), and {wider.message}", edits + wider.edits) if wider else None


def is_row_count(trace: Trace, operation: Operation) -> bool:
    """Whether a refused reshape is `view(-1, N)` of samples that have other than N features."""
    source = trace.main_input(operation)
    wanted = _row_length(trace, operation)
    return bool(
        source is not None and wanted and wanted != product(source.shape[1:]) and len(source.shape) > 1
    )


def _row_length(trace: Trace, operation: Operation) -> int | None:
    """N of a reshape to `(-1, N)`."""
    shape = operation.attributes.get("shape")
    if isinstance(shape, tuple) and len(shape) == 2 and shape[0] == -1 and isinstance(shape[1], int):
        return shape[1] if shape[1] > 0 else None
    return None


def _holds_features(axis: Axis) -> bool:
    """Whether the batch and a layer's features, channels first, are in one axis."""
    factors = [factor for factor in axis if factor.size != 1]
    for first, second in itertools.pairwise(factors):
        if BATCH in first.roles and FEATURES in second.roles:
            return True
    return False


def _culprit(trace: Trace, output: int, provenance: dict[int, Axes]) -> Iterator[Operation]:
    """The reshape of a map up the main path that moved the features into the batch."""
    for step in trace.upstream(output):
        source = trace.main_input(step)
        if step.kind != "reshape" or source is None:
            continue
        joined = any(_holds_features(axis) for axis in provenance[step.outputs[0]])
        before = any(_holds_features(axis) for axis in provenance[source.id])
        if joined and not before:
            if len(source.shape) > 2:
                yield step
            return


def _is_for_one_batch(trace: Trace, operation: Operation) -> bool:
    """Whether a reshape names the size of its first axis (`view(1, -1)`), in a model of which nobody says the
    input: it may be written for batches of that size."""
    sizes = operation.attributes.get("shape") or operation.attributes.get("size")
    first = sizes[0] if isinstance(sizes, tuple) and len(sizes) > 0 else None
    named = isinstance(first, int) and first > 0 and first != trace.run.batch
    return named and not all(item.degree.sure for item in trace.model.inputs)
