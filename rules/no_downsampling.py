from collections.abc import Iterator

from cnnlint.analyses.receptive import receptive_fields
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.plugin import Option
from cnnlint.wording import flattened_map, image_size, worked_out
from cnnlint_rules._operations import OperationRule

SMALL = 32
"""Height or width below which a picture is small: digits and icons."""

FEW_WEIGHTS = 100_000
"""Weights below which the head of a model of small pictures is no burden."""


class NoDownsampling(OperationRule):
    """A flatten and Linear head on a map that nothing has downsampled.

    ## Why
    Without pooling or strides the map is as large as the image, and the Linear behind it has a weight for
    every pixel of every channel: most of the model's parameters, and none of its tolerance to shifts.

    ## Use instead
    `nn.MaxPool2d(2)` or a convolution with `stride=2` every one or two layers, and
    `nn.AdaptiveAvgPool2d(1)` before the head.

    ## References
    - Springenberg et al. 2015, Striving for Simplicity: https://arxiv.org/abs/1412.6806
    """

    code = "CNN305"
    name = "no-downsampling"
    severity = Severity.WARNING
    measures_size = True

    # boards and patches are flattened at full size for good reasons
    smallest_image = Option(24, "the height and width from which on an image must be downsampled", least=1)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16 * 16, 10)
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
        )
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 32 * 32, 10)
                                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^ 81,920 weights
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=2x100
        net = nn.Sequential(nn.Conv1d(2, 4, 5), nn.ReLU(), nn.Flatten(), nn.Linear(384, 10))
                                                                         ^^^^^^^^^^^^^^^^^^ nothing
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        fields = receptive_fields(trace)
        for operation in trace.operations("linear"):
            before = flattened_map(trace, trace.main_input(operation))
            weight = trace.weight(operation)
            if (
                before is None
                or weight is None
                or before.uncertain
                or len(before.shape) < 3
                or operation.fault
            ):
                continue
            if min(before.shape[2:]) < self.smallest_image * 2 // 3 or not any(
                step.kind == "conv" for step in trace.upstream(before)
            ):
                continue
            seen = fields.get(before.id, ())
            image = image_size(trace)
            if (
                not seen
                or not image
                or min(image) < self.smallest_image
                or any(field.jump != 1 for field in seen)
            ):
                continue
            features, count = worked_out(before.shape[1:]), product(weight.shape)
            if min(image) < SMALL and len(image) > 1 and count < FEW_WEIGHTS:
                continue
            yield self.at(
                trace,
                operation,
                f"nothing downsamples the map before {trace.describe(operation)}: {features} features "
                f"take {count:,} weights",
                label=f"the map is still {trace.show(before)}",
                help="pool (nn.MaxPool2d(2)) or stride on the way; a global average would leave "
                f"{before.shape[1]} features",
            )
