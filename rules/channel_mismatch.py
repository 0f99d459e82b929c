from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.placing import argument_fix, written_call
from cnnlint.wording import maker
from cnnlint_rules._faults import FaultRule, Refused
from cnnlint_rules.wrong_input_layout import is_other_layout


class ChannelMismatch(FaultRule):
    """A convolution that gets another number of channels than its `in_channels`.

    ## Why
    The kernels of `nn.Conv2d(in_channels, out_channels, k)` are `in_channels` deep. They can only be
    applied to a map with exactly so many channels, which is what the layer before gives
    (its `out_channels`), or what the images have: 3 for colour, 1 for grey (MNIST).

    ## Use instead
    Write the number of channels that arrives:

        self.conv1 = nn.Conv2d(3, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)    # 32 = out_channels of conv1

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    code = "CNN101"
    name = "channel-mismatch"
    severity = Severity.ERROR
    reasons = ("channels", "rank")

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x32x32
        net = nn.Conv2d(8, 16, 3, groups=4)  # each kernel is 2 deep, the input has 8 channels
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(4, 16, 3))
                                                                     ^ 0 gives [B, 8, 30, 30]
        """,
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
                                      ^ Conv2d expects 3 channels, but the input has 1
        """,
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv1d(2, 6, 3)
                self.conv2 = nn.Conv1d(in_channels=16, out_channels=6, kernel_size=3)
                                                   ^^ conv1 gives [B, 6, 18]

            def forward(self, x):
                return self.conv2(self.conv1(x))

        Net()(torch.randn(4, 2, 20))
        """,
    ]

    def concerns(self, refused: Refused) -> bool:
        fits = refused.fault.reason == "channels" or refused.fault.argument == "in_channels"
        return fits and not is_other_layout(refused)

    def finding(self, refused: Refused) -> Diagnostic:
        trace, fault, where = refused.trace, refused.fault, refused.where
        expected, actual = fault.expected, fault.actual
        if fault.argument != "in_channels" or expected is None or actual is None:
            return self.refusal(refused)
        producer = maker(trace, refused.source)
        message = f"{refused.layer_name} expects {expected} channels, but {producer} has {actual}"
        if producer != "the input":
            message = f"{refused.layer_name} expects {expected} channels, but {producer} gives {actual}"
        new = written_call(where, "in_channels", actual)
        help = f"write {new}"
        source = trace.weighted_source(refused.source)
        if source is not None and source.kind in ("conv", "conv_transpose"):
            help += f", or give {producer} out_channels={expected}"
        elif (expected, actual) == (3, 1):
            help += ", or give it colour images: MNIST and FashionMNIST have 1 channel"
        elif (expected, actual) == (1, 3):
            help += ", or turn the images grey (transforms.Grayscale()): colour images have 3 channels"
        return self.refusal(refused, message, help=help, fix=argument_fix(trace, where, actual))
