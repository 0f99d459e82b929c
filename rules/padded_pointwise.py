from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Fix, Severity
from cnnlint.fixes.rewriting import set_layer_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule


class PaddedPointwise(OperationRule):
    """Padding that is as large as the kernel, or larger: windows of nothing but zeros.

    ## Why
    A 1×1 convolution with padding 1 puts a frame around the map that holds its bias and nothing else; so
    does any padding as large as the kernel. The map grows, and what it grew by says nothing.

    ## Use instead
    `padding=0` for 1×1, at most `kernel_size // 2` else.

    ## References
    - Dumoulin & Visin 2016, A guide to convolution arithmetic: https://arxiv.org/abs/1603.07285
    """

    code = "CNN308"
    name = "padded-pointwise"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, padding=2))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, (1, 7), padding=(0, 3)), nn.Conv2d(8, 8, 3, 1, 4, dilation=4))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, kernel_size=1, padding=1), nn.ReLU())
                                                                   ^ 10
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 3), nn.ReLU())
                                                  ^ only zeros
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("conv"):
            source = trace.operand(operation)
            if operation.fault or source is None or not operation.outputs:
                continue
            window = next((w for w in operation.windows if w.padding >= w.extent), None)
            if window is None:
                continue
            space = len(operation.windows)
            before, after = source.shape[-space:], trace.tensor(operation.outputs[0]).shape[-space:]
            yield self.at(
                trace,
                operation,
                f"padding {window.padding} around a kernel of {window.extent}: the outermost windows see "
                f"only zeros ({before[-1]} → {after[-1]})",
                argument="padding",
                help=f"write padding={window.extent // 2}",
                fix=_with_padding(trace, operation, window.extent // 2),
            )


def _with_padding(trace: Trace, conv: Operation, padding: int) -> Fix | None:
    if len({window.extent for window in conv.windows}) != 1:
        return None
    edits = set_layer_argument(trace, own_layer(trace, conv), "padding", padding)
    return unsafe_fix(f"write padding={padding}", edits)
