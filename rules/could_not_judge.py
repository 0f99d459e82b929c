"""CNN0: what could not be judged. The worker notes these problems; here they become findings."""

from collections import defaultdict
from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Related, Severity
from cnnlint.plugin import Rule
from cnnlint.traces import FileTrace, Problem
from cnnlint.wording import listing


class ProblemRule(Rule):
    """A rule that tells a problem which the worker met, by the rule's own name."""

    def check_file(self, file: FileTrace) -> Iterator[Diagnostic]:
        for problem in file.problems:
            if problem.reason == self.name:
                finding = self.report(
                    problem.span,
                    problem.message,
                    label=problem.label,
                    help=problem.help,
                    related=[Related(message, span) for message, span in problem.related],
                )
                yield finding.replace(model=problem.model)


class SyntaxErrorInFile(ProblemRule):
    """The file does not parse as Python.

    ## Why
    Nothing can be said of its models.

    ## Use instead
    Run `python -m py_compile FILE` and mend what it says.
    """

    code = "CNN001"
    name = "syntax-error"
    severity = Severity.ERROR

    valid = ["import torch.nn as nn\n", "x: int = 3\n"]
    invalid = [
        """
        import torch.nn as nn
        net = nn.Sequential(nn.Conv2d(3, 8, 3)
                           ^ never closed
        """,
        """
        class Net
                 ^ expected ':'
            pass
        """,
    ]


class ImportFailed(ProblemRule):
    """Running the file's definitions raised.

    ## Why
    To build a model, the imports, classes, functions and constants that it needs are run (training code
    is not). One of them raised. A package that is missing here is CNN011.

    ## Use instead
    Mend the line, or move what needs data or devices out of the module's top level.
    """

    code = "CNN002"
    name = "import-failed"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Conv2d(3, 8, 3)
        """,
        """
        import package_that_is_not_there
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Conv2d(3, 8, 3)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        WIDTH = 64 // 0
        ^^^^^^^^^^^^^^^ division

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, WIDTH, 3)

            def forward(self, x):
                return self.conv(x)
        """,
        """
        import torch.nn as nn

        def widths():
            return {"small": 8}

        WIDTH = widths()["large"]
        ^^^^^^^^^^^^^^^^^^^^^^^^^ large

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, WIDTH, 3)

            def forward(self, x):
                return self.conv(x)
        """,
    ]


class ModelNotBuilt(ProblemRule):
    """A model's constructor raised.

    ## Why
    The model cannot be built with these arguments, here or in training.

    ## Use instead
    Mend the line, or say how the model is built: `# cnnlint: model=Net(10)`.
    """

    code = "CNN003"
    name = "model-not-built"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self, width=8):
                super().__init__()
                assert width % 8 == 0
                self.conv = nn.Conv2d(3, width, 3)

            def forward(self, x):
                return self.conv(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        # cnnlint: model=Net(16)
        class Net(nn.Module):
            def __init__(self, width=3):
                super().__init__()
                assert width % 8 == 0
                self.conv = nn.Conv2d(3, width, 3)

            def forward(self, x):
                return self.conv(x)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self, width=3):
                super().__init__()
                if width % 8:
                    raise ValueError("width must be a multiple of 8")
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ multiple of 8
                self.conv = nn.Conv2d(3, width, 3)

            def forward(self, x):
                return self.conv(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv(3, 8, 3)
                            ^^^^^^^ Conv

            def forward(self, x):
                return self.conv(x)
        """,
    ]


class InputUnknown(ProblemRule):
    """No input could be deduced for a model.

    ## Why
    Shapes can only be judged for some input. It is also told where two places say different inputs and the
    model runs with one of them only: a comment that is out of date, or data that do not fit.

    ## Use instead
    Give `--input 3x32x32`, or write `# cnnlint: input=3x32x32` above the class.
    """

    code = "CNN004"
    name = "input-unknown"
    severity = Severity.ADVICE

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Conv2d(3, 8, 3)
        """,
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, x):
                return self.conv(x)

        Net()(torch.zeros(1, 3, 16, 16))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        class Mixer(nn.Module):
              ^^^^^
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, pictures, weights, groups, mask):
                return self.conv(pictures)[mask] * weights["a"] + groups.total
        """,
        """
        import torch.nn as nn

        class Graph(nn.Module):
              ^^^^^
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 8)

            def forward(self, data):
                return self.fc(data.edges.features) + data.nodes.sum()
        """,
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
              ^^^ runs with 3×16×16
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, x):  # (N, 1, 28, 28)
                return self.conv(x)

        Net()(torch.zeros(1, 3, 16, 16))
        """,
    ]


class TraceIncomplete(ProblemRule):
    """The forward pass could not be followed to its end.

    ## Why
    It depends on the values of tensors in a way that does not run on the cpu either, or it went over the
    time or memory limit. What was seen up to there is still linted.

    ## Use instead
    `--device cpu` runs it with real numbers, `--timeout` gives it more time.
    """

    code = "CNN005"
    name = "trace-incomplete"
    severity = Severity.ADVICE


class BlockedEffect(ProblemRule):
    """The file's own code tried the network, a subprocess or a write while its definitions ran.

    ## Why
    Linting must not download, start or overwrite anything; the call was refused with PermissionError.

    ## Use instead
    Move it below `if __name__ == "__main__":`, or allow it with `--allow-effects`.
    """

    code = "CNN006"
    name = "blocked-effect"
    severity = Severity.WARNING


class UnusedSuppression(ProblemRule):
    """A `cnnlint: ignore[…]` comment that silences nothing.

    ## Why
    It hides the next mistake on that line.

    ## Use instead
    Remove the comment.
    """

    code = "CNN007"
    name = "unused-suppression"
    severity = Severity.WARNING
    unnecessary = True


class RuleCrashed(ProblemRule):
    """A rule raised an exception.

    ## Why
    A bug in the rule, not in the model: the other rules went on, and the command ends with 2.

    ## Use instead
    `-v` shows the traceback; `--ignore CODE` leaves the rule out.
    """

    code = "CNN008"
    name = "rule-crashed"
    severity = Severity.ERROR


class NoModel(ProblemRule):
    """A file that was named on the command line holds no model.

    ## Why
    It was asked for, so that its silence should not look like success.

    ## Use instead
    Name the file that defines the `nn.Module`.
    """

    code = "CNN009"
    name = "no-model"
    severity = Severity.ADVICE


class MissingArguments(ProblemRule):
    """A constructor needs arguments that nothing in the file or the project supplies.

    ## Why
    The model cannot be built, so nothing was judged.

    ## Use instead
    Give `--model 'Net(10)'`, or write `# cnnlint: model=Net(10)` above the class.
    """

    code = "CNN010"
    name = "missing-arguments"
    severity = Severity.ADVICE

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self, filters):
                super().__init__()
                self.conv = nn.Conv2d(3, filters, 3)

            def forward(self, x):
                return self.conv(x)

        net = Net(filters=8)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        # cnnlint: model=Net(8)
        class Net(nn.Module):
            def __init__(self, filters):
                super().__init__()
                self.conv = nn.Conv2d(3, filters, 3)

            def forward(self, x):
                return self.conv(x)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
              ^^^ needs filters
            def __init__(self, filters):
                super().__init__()
                self.conv = nn.Conv2d(3, filters, 3)

            def forward(self, x):
                return self.conv(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
              ^^^ needs blueprint, stages
            def __init__(self, blueprint, stages):
                super().__init__()
                self.conv = nn.Conv2d(3, blueprint["width"], 3)

            def forward(self, x):
                return self.conv(x)
        """,
    ]


class PackageMissing(Rule):
    """A model needs a package, or a compiled module of its project, that this machine lacks.

    ## Why
    What it gives to the model is not known, so that the model is not judged, or not whole. That says nothing
    against the code. A package that only trains, logs or measures is not needed.

    ## Use instead
    Install the package in the environment that cnnlint runs in; build the project's extension in place.
    """

    code = "CNN011"
    name = "package-missing"
    severity = Severity.ADVICE

    valid = [
        """
        import package_that_is_not_there as pl
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.accuracy = pl.metrics.Accuracy(10)

            def forward(self, x):
                return self.conv(x)
        """,
        """
        import torch.nn as nn

        WIDTH = 64 // 0

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, WIDTH, 3)

            def forward(self, x):
                return self.conv(x)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        import package_that_is_not_there
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ package_that_is_not_there

        WIDTH = package_that_is_not_there.width(3)

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, WIDTH, 3)

            def forward(self, x):
                return self.conv(x)
        """,
        """
        import torch.nn as nn
        from package_that_is_not_there import width
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ Net and Other need the package 'package_that_is_not_there'

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, width(3), 3)

            def forward(self, x):
                return self.conv(x)

        # cnnlint: input=3x8x8
        class Other(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, width(4), 3)

            def forward(self, x):
                return self.conv(x)
        """,
    ]

    def check_file(self, file: FileTrace) -> Iterator[Diagnostic]:
        """One finding a package, with the models behind it."""
        by_package: dict[str, list[Problem]] = defaultdict(list)
        for problem in file.problems:
            if problem.reason == self.name and problem.package:
                by_package[problem.package].append(problem)
        for problems in by_package.values():
            first = problems[0]
            models = list(dict.fromkeys(item.model for item in problems if item.model))
            message = first.message
            if len(models) > 1:
                message = f"{listing(models)} need {message.removeprefix(f'{first.model} needs ')}"
            finding = self.report(first.span, message, help=first.help)
            yield finding.replace(model=first.model)
