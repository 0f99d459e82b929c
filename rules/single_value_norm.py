from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.traces import Operation, Tensor
from cnnlint.wording import ladder_here
from cnnlint_rules._operations import OperationRule


class SingleValueNorm(OperationRule):
    """A norm that has one value per channel of a sample to work with.

    ## Why
    BatchNorm on a 1×1 map takes its mean over the batch alone. With a batch of 1, often the last one of an
    epoch, torch raises "Expected more than 1 value per channel when training"; with small batches the
    statistics are noise. InstanceNorm on a 1×1 map gives nothing but zeros, and LayerNorm over one feature
    nothing but its bias: x minus itself.

    ## Use instead
    `DataLoader(…, drop_last=True)`, or no norm behind a global pooling (GroupNorm and LayerNorm work with one
    sample).

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """

    code = "CNN112"
    name = "single-value-norm"
    severity = Severity.ADVICE

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.AdaptiveAvgPool2d(1))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 8, 1), nn.GroupNorm(2, 8))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8))
                                                                         ^^^^^^^^^^^^^^^^^ batch of 1
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8
        net = nn.Sequential(nn.Conv1d(3, 8, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU())
                                                            ^^^^^^^^^^^^^^^^^ batch of 1
        """,
        """
        import torch.nn as nn
        # cnnlint: input=64x8
        net = nn.Sequential(nn.Linear(8, 1), nn.LayerNorm(1))
                                             ^^^^^^^^^^^^^^^ nothing but its bias
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        if trace.mode != "train":
            return
        over_batch: list[Operation] = []
        for operation in trace.operations("norm"):
            source = trace.operand(operation)
            single = source is not None and len(source.shape) > 2 and product(source.shape[2:]) == 1
            if single and not trace.size_is_known and not _is_pooled(trace, source):
                continue  # at its true size the input may leave more
            if operation.fault and operation.fault.reason == "single-value":
                yield self._refused(trace, operation, operation.fault.message)
            elif single and operation.name == "batch_norm" and not operation.fault:
                over_batch.append(operation)
            elif operation.name == "layer_norm" and not operation.fault and _over_one_value(operation):
                yield self._constant(trace, operation)
        if over_batch:
            yield self._over_batch(trace, over_batch)

    def _constant(self, trace: Trace, operation: Operation) -> Diagnostic:
        return self.at(
            trace,
            operation,
            f"{trace.describe(operation)} normalises single values: whatever comes in, it gives nothing but "
            "its bias",
            label=f"its input is {trace.show(trace.operand(operation))}",
            severity=Severity.WARNING,
            help="normalise over more than one feature, or leave the norm out",
            related=ladder_here(trace, trace.operand(operation)),
        )

    def _refused(self, trace: Trace, operation: Operation, message: str) -> Diagnostic:
        source = trace.operand(operation)
        return self.at(
            trace,
            operation,
            message,
            label=f"its input is {trace.show(source)}",
            help="leave the norm out behind a global pooling",
            related=ladder_here(trace, source),
            severity=Severity.WARNING,
        )

    def _over_batch(self, trace: Trace, norms: list[Operation]) -> Diagnostic:
        """One finding for all norms of a model that the same batch would break."""
        first, *others = norms
        source = trace.operand(first)
        has = f"and {len(others)} more have" if others else "has"
        alone = trace.model.evidence.smallest_batch == 1
        then = (
            "the file trains with a batch of 1, which raises"
            if alone
            else "training with a batch of 1 raises"
        )
        return self.at(
            trace,
            first,
            f"{trace.describe(first)} {has} one value per channel of a sample: {then}",
            label=f"its input is {trace.show(source)}",
            help="give the DataLoader drop_last=True, or leave the norm out behind a global pooling",
            related=ladder_here(trace, source),
            also=others,
            severity=Severity.WARNING if alone else Severity.ADVICE,
        )


def _is_pooled(trace: Trace, source: Tensor | None) -> bool:
    """Whether a map has one value at any size of the input."""
    return any(step.kind in ("adaptive_pool", "reduction") for step in trace.upstream(source))


def _over_one_value(operation: Operation) -> bool:
    return product(operation.attributes["normalized_shape"]) == 1
