from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.plugin import Option
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule


class LargeDenseKernel(OperationRule):
    """A dense kernel of 5×5 or more behind the stem.

    ## Why
    Two stacked 3×3 convolutions see as far as one 5×5 with 18 weights for each pair of channels instead of
    25, and have a non-linearity in between; three see as far as a 7×7 with 27 instead of 49.

    ## Use instead
        nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1)

    The stem, depthwise kernels, 1×7 and patches that do not overlap are left alone.

    ## References
    - Simonyan & Zisserman 2015, VGG, section 2.3: https://arxiv.org/abs/1409.1556
    """

    code = "CNN403"
    name = "large-dense-kernel"
    severity = Severity.ADVICE

    kernel_size = Option(5, "the kernel size that is too large", least=4)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 7), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 7, groups=8))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        whole_map = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 10, 8))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x64x64
        patches = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 8, stride=8))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 5, padding=2))
                                                                            ^ 18 weights
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, kernel_size=(7, 7)))
                                                                                        ^^^^^^ 27 weights
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("conv"):
            if operation.fault or operation.attributes.get("groups", 1) != 1 or len(operation.windows) < 2:
                continue
            kernel = [window.kernel_size for window in operation.windows]
            if (
                min(kernel) < self.kernel_size
                or not _behind_the_stem(trace, operation)
                or _spans_the_map(trace, operation)
                or _cuts_patches(operation)
            ):
                continue
            stacked = max(kernel) // 2
            small = stacked * 3 ** len(kernel)
            shown = "×".join(map(str, kernel))
            yield self.at(
                trace,
                operation,
                f"a dense {shown} kernel has {product(kernel)} weights for each pair of channels; "
                f"{stacked} stacked 3×3 see as far with {small} weights",
                argument="kernel_size",
                help=f"write {stacked} convolutions with kernel_size=3, padding=1",
            )


def _behind_the_stem(trace: Trace, operation: Operation) -> bool:
    """Whether a convolution lies before this one."""
    return any(step.kind == "conv" for step in trace.upstream(trace.operand(operation)))


def _spans_the_map(trace: Trace, operation: Operation) -> bool:
    space = trace.tensor(operation.outputs[0]).shape[-len(operation.windows) :]
    return all(size == 1 for size in space)


def _cuts_patches(operation: Operation) -> bool:
    """Whether the windows do not overlap, as in patch embeddings: stacked small kernels give no patches."""
    return all(window.stride >= window.kernel_size for window in operation.windows)
