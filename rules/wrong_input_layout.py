import re

from cnnlint.analyses.axes import FEATURES, axis_provenance, roles
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.placing import place
from cnnlint_rules._faults import FaultRule, Refused


class WrongInputLayout(FaultRule):
    """A tensor whose axes are in another order, or another number, than the operator takes.

    ## Why
    torch's layers take the batch first and the channels second: `[B, C, H, W]` for images,
    `[B, C, L]` for sequences. Images as they come from a file or from TensorFlow are `[B, H, W, C]`, text
    as an embedding gives it is `[B, L, C]`. A missing batch axis is worse: a 3-D tensor is accepted as
    one unbatched image.

    ## Use instead
    `x.permute(0, 3, 1, 2)` for `[B, H, W, C]`, `x.transpose(1, 2)` for `[B, L, C]`, `x.unsqueeze(0)` for a
    single image.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    code = "CNN106"
    name = "wrong-input-layout"
    severity = Severity.ERROR
    reasons = ("rank", "channels")

    valid = [
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.words = nn.Embedding(1000, 32)
                self.conv = nn.Conv1d(32, 64, 3)

            def forward(self, x):
                return self.conv(self.words(x).transpose(1, 2))

        Net()(torch.randint(0, 1000, (8, 20)))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=32x16x16
        net = nn.Sequential(nn.Conv2d(32, 16, 3), nn.Flatten(2), nn.Conv1d(16, 8, 3))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=28x28x1
        net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU())
                            ^^^^^^^^^^^^^^^^^^ the channels come last
        """,
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.words = nn.Embedding(1000, 32)
                self.conv = nn.Conv1d(32, 64, 3)
                            ^^^^^^^^^^^^^^^^^^^^ the channels come last

            def forward(self, x):
                return self.conv(self.words(x))

        Net()(torch.randint(0, 1000, (8, 20)))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm1d(8))
                                                            ^^^^^^^^^^^^^^^^^ got 4D input
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Conv2d(8, 8, 3))
                                                              ^^^^^^^^^^^^^^^^^^
        """,
    ]

    def concerns(self, refused: Refused) -> bool:
        return is_other_layout(refused)

    def finding(self, refused: Refused) -> Diagnostic:
        refused.where = place(refused.trace, refused.operation)
        if refused.operation.kind == "raise":
            return self._refused_by_the_layer(refused)
        source, trace, expected = refused.source, refused.trace, refused.fault.expected
        if source is None or refused.fault.argument != "in_channels" or source.shape[-1] != expected:
            return self.refusal(refused, help=_rank_help(refused))
        rank = len(source.shape)
        order = ", ".join(map(str, (0, rank - 1, *range(1, rank - 1))))
        axes = {3: "[B, L, C]", 4: "[B, H, W, C]", 5: "[B, D, H, W, C]"}.get(rank, "channels last")
        message = (
            f"{refused.layer_name} expects {expected} channels in axis 1, but the tensor "
            f"{trace.show(source)} is laid out as {axes}: the channels come last"
        )
        call = "x.transpose(1, 2)" if rank == 3 else f"x.permute({order})"
        return self.refusal(refused, message, help=f"put {call} before it")

    def _refused_by_the_layer(self, refused: Refused) -> Diagnostic:
        """A layer that looks at its input itself: `expected 2D or 3D input (got 4D input)`."""
        given = re.search(r"got (\d)D", refused.fault.message)
        family = re.fullmatch(r"(\w+Norm)\dd", refused.layer_name)
        fits = given and family and 3 <= int(given[1]) <= 5
        return self.refusal(
            refused,
            f"{refused.layer_name} {refused.fault.message}",
            help=f"write nn.{family[1]}{int(given[1]) - 2}d" if fits and given and family else None,
        )


def is_other_layout(refused: Refused) -> bool:
    """Whether the tensor's axes, not its number of channels, are wrong.

    A last axis of the expected size is a coincidence where the second axis holds what a layer made.
    """
    source, fault = refused.source, refused.fault
    if source is None or fault.argument != "in_channels" or len(source.shape) < 3:
        return fault.reason == "rank"
    axes = axis_provenance(refused.trace)[source.id]
    made_second, made_last = FEATURES in roles(axes[1]), FEATURES in roles(axes[-1])
    if source.shape[-1] == fault.expected:
        square = len(set(source.shape[1:-1])) == 1
        return made_last if made_second or made_last else fault.reason == "rank" or square
    return fault.reason == "rank"


def _rank_help(refused: Refused) -> str | None:
    """What to put before an operator that takes another number of axes."""
    source, trace = refused.source, refused.trace
    if source is None:
        return None
    expected = refused.fault.expected
    if isinstance(expected, tuple):
        expected = max((item for item in expected if isinstance(item, int)), default=None)
    rank = len(source.shape)
    if not isinstance(expected, int) or rank == expected:
        return None
    if rank < expected and source.origin == "input":
        return f"the layer takes {expected} axes, batch and channels first; the input has {rank}"
    if rank < expected and trace.producer(source) is not None:
        return f"it needs the {expected} axes of a map: keep the map, or reshape to one"
    return f"reduce the {rank} axes to {expected}: flatten(1) joins all but the batch"
