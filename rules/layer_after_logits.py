from collections.abc import Iterator

from cnnlint.analyses.heads import classifies, heads
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.fixes.rewriting import swapped, unsafe_fix
from cnnlint.graph import Trace
from cnnlint_rules._operations import OperationRule


class LayerAfterLogits(OperationRule):
    """Dropout or a norm behind the last weighted layer of a classifier.

    ## Why
    Dropout on the logits sets some classes to 0 and doubles the others: the loss is computed on logits
    that the model never meant. BatchNorm on them scales every class to the same spread over the batch.

    ## Use instead
    Put dropout before the last layer:

        return self.fc(self.drop(x))

    ## References
    - Srivastava et al. 2014, Dropout: https://jmlr.org/papers/v15/srivastava14a.html
    """

    code = "CNN207"
    name = "layer-after-logits"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=192
        embedding = nn.Sequential(nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 128), nn.BatchNorm1d(128))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 10), nn.Dropout(0.5))
                                                                              ^^^^^^^^^^^^^^^ dropout
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=192
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(192, 10)
                self.norm = nn.BatchNorm1d(10)
                            ^^^^^^^^^^^^^^^^^^ norm

            def forward(self, x):
                return F.log_softmax(self.norm(self.fc(x)), dim=1)
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for head in heads(trace):
            last = head.weighted
            if last is None or not classifies(trace, head):
                continue
            for step in head.after:
                is_dropout = step.kind == "dropout" and step.attributes.get("p", 0.5) != 0
                if step.name in ("dropout", "alpha_dropout", "batch_norm", "layer_norm") and (
                    is_dropout or step.kind == "norm"
                ):
                    what = "dropout" if is_dropout else step.name
                    yield self.at(
                        trace,
                        step,
                        f"{what} behind {trace.describe(last)}, the last layer, changes the logits",
                        label=f"{trace.describe(last)} gives {trace.show(last.outputs[0])}, the logits",
                        help=f"put it before {trace.describe(last)}",
                        also=(last,),
                        fix=unsafe_fix(f"put it before {trace.describe(last)}", swapped(trace, step, last))
                        if is_dropout
                        else None,
                    )
