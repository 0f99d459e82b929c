from collections.abc import Sequence

from cnnlint.analyses.axes import BATCH, axis_provenance, roles
from cnnlint.analyses.symbolic import spatial_formulas
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.placing import argument_fix, written_call
from cnnlint.traces import Tensor
from cnnlint.wording import flattened_map, ladder_here, maker, sizes, worked_out
from cnnlint_rules._faults import FaultRule, Refused


class FlattenMismatch(FaultRule):
    """A Linear whose `in_features` is not the number of features that arrive.

    ## Why
    After `flatten`, a map of C channels and H × W positions has C·H·W features. H and W follow from
    the input's size and every convolution and pooling before, so that a change of any of them changes
    `in_features` too: 28 → 14 → 7 gives 64 × 7 × 7 = 3136.

    ## Use instead
    Write the product, or make the head independent of the input's size:

        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, 10)          # the channels only

    ## References
    - Lin, Chen & Yan 2014, Network In Network (global average pooling): https://arxiv.org/abs/1312.4400
    - https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
    """

    code = "CNN102"
    name = "flatten-mismatch"
    severity = Severity.ERROR
    reasons = ("features",)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        net = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 14 * 14, 10),
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=1x28x28
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
                self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
                self.pool = nn.MaxPool2d(2)
                self.fc = nn.Linear(1568, 10)
                                    ^^^^ conv2 gives [B, 64, 7, 7]: 64 × 7 × 7 = 3136

            def forward(self, x):
                x = self.pool(F.relu(self.conv1(x)))
                x = self.pool(F.relu(self.conv2(x)))
                return self.fc(x.flatten(1))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8
        net = nn.Sequential(nn.Linear(8, 128), nn.ReLU(), nn.Linear(in_features=100, out_features=10))
                                                                                ^^^ 0 gives [B, 128]
        """,
    ]

    def concerns(self, refused: Refused) -> bool:
        return refused.source is not None and told_as(refused.trace, refused.source) == "flatten-mismatch"

    def finding(self, refused: Refused) -> Diagnostic:
        trace, fault, source = refused.trace, refused.fault, refused.source
        expected, actual = fault.expected, fault.actual
        if source is None or expected is None or actual is None:
            return self.refusal(refused)
        write = written_call(refused.where, "in_features", actual)
        before = flattened_map(trace, source)
        fix = argument_fix(trace, refused.where, actual, before.shape[1:] if before else ())
        if before is None or len(before.shape) < 3:
            message = (
                f"{refused.layer_name} expects {expected} features, but {maker(trace, source)} gives {actual}"
            )
            return self.refusal(refused, message, help=f"write {write}", fix=fix)
        features, producer = before.shape[1:], maker(trace, before)
        if (
            not trace.size_is_known
            and expected % features[0]
            and (formulas := spatial_formulas(trace, before))
        ):
            return self._for_no_size(refused, producer, (features[0], *formulas))
        message = f"{refused.layer_name} expects {expected} features, but the flattened input has {actual}"
        verb = "is" if producer == "the input" else "gives"
        label = f"{producer} {verb} {trace.show(before)}: {worked_out(features)}"
        help = f"write {write}"
        if before.origin == "operation" and len(set(features)) > 1 and len(features) > 1:
            pooled = written_call(refused.where, "in_features", features[0])
            pool = f"nn.AdaptiveAvgPool{len(features) - 1}d(1)"
            help += f", or put {pool} before flatten and use {pooled}"
        from cnnlint.analyses.sizes import sizes_that_work  # the replay is wanted for a finding only

        if working := sizes_that_work(trace, refused.operation):
            help += f"; sizes that would work as it is: {working}"
        return self.refusal(
            refused, message, label=label, help=help, fix=fix, related=ladder_here(trace, before)
        )

    def _for_no_size(self, refused: Refused, producer: str, features: Sequence[int | str]) -> Diagnostic:
        """The finding where nobody says the size of the image, and none would do."""
        channels, *formulas = features
        axes = len(formulas)
        message = (
            f"{refused.layer_name} expects {refused.fault.expected} features, and no image size gives them: "
            f"{sizes(features)} is a multiple of {channels}, and {refused.fault.expected} is none"
        )
        pooled = written_call(refused.where, "in_features", channels)
        return self.refusal(
            refused,
            message,
            label=f"{producer} gives {channels} channels",
            help=f"put nn.AdaptiveAvgPool{axes}d(1) before flatten and write {pooled}: it takes every size",
            related=(),
        )


def told_as(trace: Trace, source: Tensor) -> str:
    """Which rule tells that a Linear does not fit its input: `lost-batch-axis` where the batch is among
    the features, `missing-flatten` where they are one spatial axis of a map, else `flatten-mismatch`;
    `invalid-reshape` where the reshape before it was refused, which is told there."""
    reshape = trace.producer(source)
    if reshape is not None and reshape.fault is not None and reshape.kind == "reshape":
        return "invalid-reshape"
    axes = axis_provenance(trace).get(source.id, ())
    last = roles(axes[-1]) if axes else frozenset()
    if BATCH in last:
        return "lost-batch-axis"
    is_map = len(source.shape) >= 4 or (len(source.shape) == 3 and trace.producer(source) is not None)
    space = frozenset().union(*(factor.roles for factor in axes[-1])) if axes else last
    if is_map and space and all(isinstance(role, int) for role in space) and len(axes[-1]) == 1:
        return "missing-flatten"
    return "flatten-mismatch"
