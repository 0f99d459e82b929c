from collections.abc import Iterator

from cnnlint.analyses.axes import FEATURES, axis_provenance, roles
from cnnlint.diagnostic import Diagnostic, Fix, Severity
from cnnlint.fixes.rewriting import before, unsafe_fix
from cnnlint.graph import Trace, product
from cnnlint.placing import argument_fix, place, written_call
from cnnlint.traces import Operation, Tensor
from cnnlint.wording import ladder_here, maker, shown, worked_out
from cnnlint_rules._faults import FaultRule, Refused
from cnnlint_rules.flatten_mismatch import told_as


class MissingFlatten(FaultRule):
    """A Linear applied to a map that was never flattened.

    ## Why
    `nn.Linear` acts on the last axis only. On a map `[B, C, H, W]` that is the width: it raises, or, when
    the sizes happen to fit, it silently mixes the columns of each row and leaves the rest as it is.

    ## Use instead
    `torch.flatten(x, 1)` or `nn.Flatten()` before the layer; for a layer on the channels of each position,
    a 1×1 convolution, or `x.permute(0, 2, 3, 1)`.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    code = "CNN110"
    name = "missing-flatten"
    severity = Severity.ERROR
    reasons = ("features",)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Flatten(), nn.Linear(8 * 8 * 8, 10))
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class ChannelsLast(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.mix = nn.Linear(8, 8)

            def forward(self, x):
                return self.mix(self.conv(x).permute(0, 2, 3, 1))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Linear(256, 10))
                                                                      ^^^^^^^^^^^^^^^^^^ never flattened
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Linear(16, 10))
                                                                       ^^^^^^^^^^^^^^^^^ acts on the width
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        yield from super().check(trace)
        yield from self._silent(trace)

    def concerns(self, refused: Refused) -> bool:
        return refused.source is not None and told_as(refused.trace, refused.source) == "missing-flatten"

    def finding(self, refused: Refused) -> Diagnostic:
        trace, source = refused.trace, refused.source
        assert source is not None
        message = (
            f"{refused.layer_name} expects {refused.fault.expected} features, but it is applied to a map "
            f"{trace.show(source)} that was never flattened: its last axis has {refused.fault.actual}"
        )
        refused.where = place(trace, refused.operation)
        return self.refusal(
            refused,
            message,
            help=_help(trace, refused.operation, source, refused.fault.expected),
            fix=_fix(trace, refused.operation, source, refused.fault.expected),
        )

    def _silent(self, trace: Trace) -> Iterator[Diagnostic]:
        """A Linear whose in_features happens to be the width of a map."""
        provenance = axis_provenance(trace)
        for operation in trace.operations("linear"):
            source = trace.main_input(operation)
            if source is None or operation.fault or source.uncertain:
                continue
            axes = provenance[source.id]
            if not _is_map_with_width_last(source, [roles(axis) for axis in axes]):
                continue
            if _moved_by_a_permutation(trace, source):
                continue  # MLP-Mixer and its like: the layer is meant for positions
            where = place(trace, operation)
            yield self.report(
                where.span,
                f"{trace.describe(operation)} acts on the width of the map {trace.show(source)}: "
                f"the map was never flattened, and its width happens to be in_features",
                trace=trace,
                label=f"{maker(trace, source)} gives {trace.show(source)}: the layer acts on the width",
                severity=Severity.WARNING,
                layers=(operation.layer,) if operation.layer else (),
                inputs=shown(trace, source),
                outputs=shown(trace, operation.outputs[0]),
                related=where.related("called here", *ladder_here(trace, source)),
                help=_help(trace, operation, source, None),
                fix=_fix(trace, operation, source, None),
            )


def _is_map_with_width_last(source: Tensor, axes: list[frozenset]) -> bool:  # type: ignore[type-arg]
    """Whether a tensor is `[B, features, …, width]`: made by a layer, channels second, space behind."""
    if len(axes) < 4 or FEATURES not in axes[1]:
        return False
    return all(len(axis) == 1 and isinstance(next(iter(axis)), int) for axis in axes[2:])


def _moved_by_a_permutation(trace: Trace, source: Tensor) -> bool:
    """Whether the code itself arranged the axes since the last weighted layer."""
    for step in trace.upstream(source):
        if step.kind in ("permute", "reshape"):
            return True
        if step.kind in ("conv", "conv_transpose", "linear"):
            return False
    return False


def _help(trace: Trace, operation: Operation, source: Tensor, expected: object) -> str:
    """What to write, by which number of features the layer was given."""
    features = source.shape[1:]
    if expected == product(features):
        return f"put nn.Flatten() before it: {worked_out(features)}"
    if expected == features[0]:
        pool = f"nn.AdaptiveAvgPool{len(features) - 1}d(1) and nn.Flatten()"
        return f"put {pool} before it: that leaves {features[0]} features"
    where = place(trace, operation, "in_features")
    write = written_call(where, "in_features", product(features))
    return f"put nn.Flatten() before it and write {write} ({worked_out(features)})"


def _fix(trace: Trace, operation: Operation, source: Tensor, expected: object) -> Fix | None:
    """What the help says."""
    features = source.shape[1:]
    space = len(features) - 1
    if expected == features[0] != product(features):
        axes = ", ".join(str(axis) for axis in range(2, space + 2))
        mean = f"mean(({axes}))" if space > 1 else f"mean({axes})"
        pooled = before(trace, operation, (f"AdaptiveAvgPool{space}d(1)", "Flatten()"), mean)
        return unsafe_fix(f"put nn.AdaptiveAvgPool{space}d(1) and nn.Flatten() before it", pooled)
    edits = before(trace, operation, ("Flatten()",), "flatten(1)")
    if edits is None:
        return None
    if expected == product(features):
        return unsafe_fix("put nn.Flatten() before it", edits)
    wider = argument_fix(trace, place(trace, operation, "in_features"), product(features), features)
    return (
        unsafe_fix(f"put nn.Flatten() before it and {wider.message}", edits + wider.edits) if wider else None
    )
