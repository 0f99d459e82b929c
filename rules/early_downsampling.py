from collections.abc import Iterator
from itertools import islice

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.plugin import Option
from cnnlint.traces import Operation
from cnnlint.wording import image_size, ladder_here, sizes
from cnnlint_rules._operations import OperationRule


class EarlyDownsampling(OperationRule):
    """A small image that the first two layers shrink by 4 or more.

    ## Why
    The stem of the ImageNet networks (7×7 stride 2, then pooling by 2) was made for 224×224. On 32×32 it
    leaves 8×8 before the first block: most of the detail is gone before anything is learned from it.

    ## Use instead
    A 3×3 stem with stride 1 and no pooling, as the CIFAR variants of ResNet have.

    ## References
    - He et al. 2016, Deep Residual Learning, section 4.2 (CIFAR-10): https://arxiv.org/abs/1512.03385
    """

    code = "CNN307"
    name = "early-downsampling"
    severity = Severity.ADVICE
    measures_size = True

    largest_image = Option(32, "the height and width up to which an image is small", least=1)
    stride = Option(4, "the stride of the first two layers together that is too much", least=2)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x224x224
        stem = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1), nn.Conv2d(64, 64, 3))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        cifar = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 64, 3))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Conv2d(64, 64, 3))
                                                                                  ^ 8 × 8
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 64, 4, stride=4), nn.ReLU(), nn.Conv2d(64, 64, 3))
                                                       ^ 8 × 8
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        image = image_size(trace)
        if len(image) < 2 or max(image) > self.largest_image or min(image) < 2 * self.stride:
            return
        strides = [1] * len(image)
        for number, operation in enumerate(islice(trace.operations("conv", "pool"), 2)):
            if operation.fault or len(operation.windows) != len(image):
                return
            strides = [have * w.stride for have, w in zip(strides, operation.windows, strict=True)]
            if min(strides) >= self.stride and _another_layer(trace, operation):
                after = trace.tensor(operation.outputs[0])
                who = "two layers leave" if number else "layer leaves"
                yield self.at(
                    trace,
                    operation,
                    f"the first {who} {sizes(after.shape[2:])} of a {sizes(image)} image",
                    argument="stride",
                    help="use stride 1 and no pooling in the stem of a net for small images",
                    related=ladder_here(trace, after),
                )
                return


def _another_layer(trace: Trace, operation: Operation) -> bool:
    """Whether convolutions follow: one layer that cuts an image into patches is a design of its own."""
    return any(step.index > operation.index and step.windows for step in trace.operations("conv"))
