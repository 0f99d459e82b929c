from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.plugin import Option
from cnnlint.wording import flattened_map, sizes
from cnnlint_rules._operations import OperationRule


class DenseOnPixels(OperationRule):
    """A Linear fed with the raw pixels of an image.

    ## Why
    28 × 28 pixels into 128 units are 100,352 weights before anything is learned, each bound to one pixel: a
    digit that moves by one pixel is a new one. A convolution shares its weights over all positions.

    ## Use instead
    `nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)`, and the Linear behind.

    ## References
    - LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition
    """

    code = "CNN402"
    name = "dense-on-pixels"
    severity = Severity.ADVICE
    measures_size = True

    smallest_image = Option(8, "the height and width from which on an input counts as an image", least=1)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        net = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 13 * 13, 10))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=784
        table = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        net = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 128), nn.ReLU(), nn.Linear(128, 10))
                                          ^^^^^^^^^^^^^^^^^^^^^^^ 100,352 weights
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x32x32
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3072, 10)
                          ^^^^^^^^^^^^^^^^^^^ 30,720 weights

            def forward(self, x):
                return self.fc(x.view(x.size(0), -1))
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("linear"):
            source = trace.main_input(operation)
            before = flattened_map(trace, source)
            weight = trace.weight(operation)
            if before is None or weight is None or operation.fault or len(before.shape) != 4:
                continue
            is_image = any(trace.tensor(id).shape == before.shape for id in trace.run.inputs)
            if not is_image or trace.weighted_source(before) is not None:
                continue
            if before.shape[1] not in (1, 3, 4) or min(before.shape[2:]) < self.smallest_image:
                continue
            count = product(weight.shape)
            yield self.at(
                trace,
                operation,
                f"{trace.describe(operation)} reads pixels: {sizes(before.shape[1:])} × {weight.shape[0]} "
                f"= {count:,} weights, each bound to one pixel",
                help="put convolutions before it, which share their weights over all positions",
            )
