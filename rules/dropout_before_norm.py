from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint_rules._operations import OperationRule

PASSES = frozenset({"activation", "pool", "reshape", "copy"})


class DropoutBeforeNorm(OperationRule):
    """Dropout directly, or one weighted layer, before BatchNorm.

    ## Why
    Dropout changes the variance of what follows in training, but not in evaluation. BatchNorm remembers the
    training variance and divides by it in evaluation, where it is another: measured, such models lose
    accuracy.

    ## Use instead
    Dropout behind the last BatchNorm, before the classifier; or `nn.Dropout2d` between blocks.

    ## References
    - Li et al. 2019, Understanding the Disharmony between Dropout and BN: https://arxiv.org/abs/1801.05134
    """

    code = "CNN510"
    name = "dropout-before-norm"
    severity = Severity.ADVICE

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Flatten(), nn.Dropout(), nn.Linear(288, 2),
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Dropout2d(0.1), nn.BatchNorm2d(8), nn.ReLU())
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.Dropout(0.3), nn.BatchNorm2d(8), nn.ReLU())
                                                            ^^^^^^^^^^^^^^^ dropout before 2
        """,
        """
        import torch.nn as nn
        # cnnlint: input=64
        net = nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU())
                            ^^^^^^^^^^^^^^^ dropout before 2
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        if trace.mode != "train":
            return
        for norm in trace.operations("norm"):
            if norm.name != "batch_norm" or norm.fault:
                continue
            weighted = 0
            for step in trace.upstream(trace.operand(norm)):
                if step.kind in ("conv", "linear"):
                    weighted += 1
                if weighted > 1 or step.kind not in PASSES | {"conv", "linear", "dropout"}:
                    break
                if step.name == "dropout" and step.attributes.get("p"):
                    yield self.at(
                        trace,
                        step,
                        f"dropout before {trace.describe(norm)}, whose variance in evaluation is then "
                        "another than in training",
                        help="move it behind the last BatchNorm, or use nn.Dropout2d",
                        also=(norm,),
                    )
                    break
