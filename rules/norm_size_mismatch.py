from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.placing import argument_fix, written_call
from cnnlint.wording import maker
from cnnlint_rules._faults import FaultRule, Refused


class NormSizeMismatch(FaultRule):
    """A normalisation that was built for another number of channels.

    ## Why
    BatchNorm, GroupNorm and InstanceNorm keep numbers for each channel, LayerNorm for each position of
    `normalized_shape`. They have to be those of the tensor that arrives, that is `out_channels` of the
    convolution before. torch raises for BatchNorm; InstanceNorm without `affine` only warns.

    ## Use instead
        nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16)

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """

    code = "CNN107"
    name = "norm-size-mismatch"
    severity = Severity.ERROR
    reasons = ("norm-size",)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.GroupNorm(4, 16), nn.LayerNorm([16, 6, 6]))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(32))
                                                                            ^^ 0 gives [B, 16, 6, 6]
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.GroupNorm(4, 32))
                                                                            ^^
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.LayerNorm(16))
                                                              ^^
        """,
    ]

    def finding(self, refused: Refused) -> Diagnostic:
        trace, fault, where = refused.trace, refused.fault, refused.where
        if not isinstance(fault.actual, int) or fault.argument not in ("num_features", "num_channels"):
            return self.refusal(refused)
        message = (
            f"{refused.layer_name} normalises {fault.expected} channels, but {maker(trace, refused.source)} "
            f"gives {fault.actual}"
        )
        write = written_call(where, fault.argument, fault.actual)
        fix = argument_fix(trace, where, fault.actual)
        return self.refusal(refused, message, help=f"write {write}", fix=fix)
