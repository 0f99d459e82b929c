from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Fix, Severity
from cnnlint.fixes.rewriting import set_layer_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import built_at, own_layer
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule


class BiasBeforeNorm(OperationRule):
    """A bias that the following normalisation cancels exactly.

    ## Why
    BatchNorm subtracts the mean of each channel, and with it any constant that was added before: the bias
    is memory and work for nothing, and its gradient is zero; beyond that it does no harm. InstanceNorm and
    GroupNorm with one channel a group do the same; LayerNorm and other GroupNorms do not.

    ## Use instead
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)

    A model without the bias does not load checkpoints that have it, so the fix is unsafe.

    ## References
    - Ioffe & Szegedy 2015, section 3.2: https://arxiv.org/abs/1502.03167
    """

    code = "CNN405"
    name = "bias-before-norm"
    severity = Severity.ADVICE

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.ReLU())
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
                            ^^^^^^^^^^^^^^^^^^ cancelled by 1
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=True), nn.GroupNorm(8, 8))
                                                    ^^^^ cancelled by 1
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("conv", "conv_transpose", "linear"):
            bias = trace.weight(operation, "bias")
            uses = trace.consumers(operation)
            if bias is None or not uses or trace.is_output(operation):
                continue
            if all(_cancels(trace, use, operation) for use in uses):
                yield self._finding(trace, operation, uses[0], bias.shape[0])

    def _finding(self, trace: Trace, operation: Operation, norm: Operation, count: int) -> Diagnostic:
        name, canceller = trace.describe(operation), trace.describe(norm)
        return self.at(
            trace,
            operation,
            f"the bias of {name} ({count} weights) is cancelled by {canceller}",
            argument="bias",
            help="write bias=False",
            fix=_without_bias(trace, operation),
        )


def _cancels(trace: Trace, norm: Operation, operation: Operation) -> bool:
    """Whether a norm subtracts the mean of each channel of an operation's result."""
    if norm.kind != "norm" or norm.fault is not None:
        return False
    source = trace.operand(norm)
    if source is None or source.id not in operation.outputs or source.uncertain:
        return False
    if norm.name == "group_norm":
        groups = norm.attributes.get("num_groups")
        return len(source.shape) > 2 and groups == source.shape[1]
    if norm.name == "instance_norm":
        return len(source.shape) > 2
    return norm.name == "batch_norm" and (operation.kind != "linear" or len(source.shape) == 2)


def _without_bias(trace: Trace, operation: Operation) -> Fix | None:
    """`bias=False` in the layer's own call, where every layer that it builds is such a one."""
    layer = own_layer(trace, operation)
    if layer is None or not layer.sites or built_at(trace, layer.sites[0]) != 1:
        return None
    return unsafe_fix("write bias=False", set_layer_argument(trace, layer, "bias", False))
