from collections.abc import Iterator

from cnnlint.diagnostic import Applicability, Diagnostic, Edit, Fix, Severity
from cnnlint.traces import FileTrace
from cnnlint_rules.could_not_judge import ProblemRule


class MisspeltMethod(ProblemRule):
    """A method of a model whose name is a slip: `_init_`, `foward`.

    ## Why
    Python calls `__init__` and torch calls `forward`, each by exactly that name. A class that defines
    `_init_` has no layers, and one that defines `foward` raises NotImplementedError when it is called.

    ## Use instead
    Write the name as it is meant. The model is judged as if it stood there.

    ## References
    - https://docs.python.org/3/reference/datamodel.html#object.__init__
    - https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.forward
    """

    code = "CNN513"
    name = "misspelt-method"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def forward(self, x):
                return self.forwards(x)

            def forwards(self, x):
                return self.fc(x)
        """,
        """
        class Planner:
            def foward(self, x):
                return x
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def _init_(self):
                ^^^^^^ not __init__
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def forward(self, x):
                return self.fc(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def foward(self, x):
                ^^^^^^ not forward
                return self.fc(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

                def forward(self, x):
                    ^^^^^^^ inside __init__
                    return self.fc(x)
        """,
    ]

    def check_file(self, file: FileTrace) -> Iterator[Diagnostic]:
        rights = {problem.span: problem.replacement for problem in file.problems}
        for finding in super().check_file(file):
            right = rights[finding.span]
            edits = (Edit(finding.span, right),) if right else ()
            yield finding.replace(fix=Fix(Applicability.SAFE, f"write {right}", edits) if edits else None)
