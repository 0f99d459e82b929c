"""Where findings stand, what stands around them, and which fixes are safe."""

from __future__ import annotations

import textwrap

from pipeline import Findings, Snippets

from cnnlint.diagnostic import Applicability, Diagnostic, Span
from cnnlint.plugin import Rule, all_rules


def rule(code: str) -> Rule:
    return next(rule for rule in all_rules() if rule.code == code)


def text_at(text: str, span: Span) -> str:
    lines = text.split("\n")[span.row - 1 : span.end_row]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def only(findings: Findings, code: str, source: str) -> tuple[str, Diagnostic]:
    text = textwrap.dedent(source).lstrip()
    (finding,) = findings(text, rule(code))
    return text, finding


def test_a_literal_in_the_layers_own_call_is_a_safe_fix(findings: Findings) -> None:
    text, finding = only(
        findings,
        "CNN102",
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Flatten(), nn.Linear(in_features=100, out_features=10))
        """,
    )
    assert text_at(text, finding.span) == "100"
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE
    assert finding.fix.message == "write nn.Linear(in_features=5408, out_features=10)"
    (edit,) = finding.fix.edits
    assert (text_at(text, edit.span), edit.content) == ("100", "5408")


def fix_of(finding: Diagnostic) -> tuple[Applicability, str]:
    assert finding.fix is not None
    (edit,) = finding.fix.edits
    return finding.fix.applicability, edit.content


def test_a_product_of_numbers_stays_one(findings: Findings) -> None:
    text, finding = only(
        findings,
        "CNN102",
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Flatten(), nn.Linear(8 * 10 * 10, 10))
        """,
    )
    assert text_at(text, finding.span) == "8 * 10 * 10"
    assert fix_of(finding) == (Applicability.SAFE, "8 * 26 * 26")
    assert finding.help is not None
    assert finding.help.startswith("write nn.Linear(5408, 10), or put nn.AdaptiveAvgPool2d(1) before flatten")


def test_the_argument_of_the_caller_of_a_helper(findings: Findings) -> None:
    text, finding = only(
        findings,
        "CNN101",
        """
        import torch.nn as nn

        def block(cin, cout):
            return nn.Sequential(nn.Conv2d(cin, cout, 3), nn.ReLU())

        # cnnlint: input=3x28x28
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(block(3, 8), block(4, 16))

            def forward(self, x):
                return self.body(x)
        """,
    )
    assert (finding.span.row, text_at(text, finding.span)) == (10, "4")
    assert fix_of(finding) == (Applicability.UNSAFE, "8")  # the helper's call has the number
    assert finding.help is not None and finding.help.startswith("write block(8, 16)")
    assert [
        (related.message, related.span.row) for related in finding.related if "built" in related.message
    ] == [("nn.Conv2d(…) is built here", 4)]


def test_an_expression_in_a_helper_stands_in_the_helper(findings: Findings) -> None:
    text, finding = only(
        findings,
        "CNN107",
        """
        import torch.nn as nn

        # cnnlint: input=3x28x28
        class Block(nn.Module):
            def __init__(self, cin, cout):
                super().__init__()
                self.conv = nn.Conv2d(cin, cout, 3)
                self.norm = nn.BatchNorm2d(2 * cout)

            def forward(self, x):
                return self.norm(self.conv(x))

        net = Block(3, 8)
        """,
    )
    assert text_at(text, finding.span) == "2 * cout"
    assert "called here" in [related.message for related in finding.related]


def test_a_call_that_builds_several_layers_gets_no_fix(findings: Findings) -> None:
    _, finding = only(
        findings,
        "CNN107",
        """
        import torch.nn as nn

        # cnnlint: input=8x28x28
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.convs = nn.ModuleList(nn.Conv2d(c, c * 2, 3) for c in (8, 16))
                self.norms = nn.ModuleList(nn.BatchNorm2d(5) for _ in range(2))

            def forward(self, x):
                for conv, norm in zip(self.convs, self.norms):
                    x = norm(conv(x))
                return x
        """,
    )
    assert finding.fix is None
    assert finding.layers == ("norms.0", "norms.1")


def test_a_layer_that_is_called_twice_gets_no_safe_fix(findings: Findings) -> None:
    _, finding = only(
        findings,
        "CNN102",
        """
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(100, 100)

            def forward(self, x):
                return self.fc(self.fc(x))
        """,
    )
    assert fix_of(finding) == (Applicability.UNSAFE, "8")


def test_a_function_call_stands_at_its_call(findings: Findings) -> None:
    text, finding = only(
        findings,
        "CNN103",
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=8x4x4
        class Net(nn.Module):
            def forward(self, x):
                x = F.max_pool2d(x, 2)
                return F.max_pool2d(x, kernel_size=3)
        """,
    )
    assert text_at(text, finding.span) == "F.max_pool2d(x, kernel_size=3)"
    assert [(related.message, related.span.row) for related in finding.related] == [("4 → 2 here", 7)]


def test_the_ladder_and_the_call_stand_below(findings: Findings) -> None:
    _, finding = only(
        findings,
        "CNN102",
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

            def forward(self, x):
                x = self.pool(F.relu(self.conv1(x)))
                x = self.pool(F.relu(self.conv2(x)))
                return self.fc(x.flatten(1))
        """,
    )
    assert finding.message == "Linear expects 1568 features, but the flattened input has 3136"
    assert finding.label == "conv2 gives [B, 64, 7, 7]: 64 × 7 × 7 = 3136"
    assert ("28 → 14 → 7 here", 15) in [(related.message, related.span.row) for related in finding.related]
    assert finding.help == (
        "write nn.Linear(3136, 10), or put nn.AdaptiveAvgPool2d(1) before flatten and use nn.Linear(64, 10)"
    )


def test_an_assumed_input_is_said_where_numbers_rest_on_it(findings: Findings) -> None:
    _, finding = only(
        findings,
        "CNN107",
        """
        import torch.nn as nn
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(9))
        """,
    )
    assert "assumed" not in finding.message and finding.rests_on == ()
    assert finding.fix is not None
    _, finding = only(
        findings,
        "CNN105",
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 3, 3, stride=2)

            def forward(self, x):
                return torch.cat([self.conv(x), x], 1)
        """,
    )
    assert "at an assumed input of 3 × 224 × 224" in finding.message
    assert finding.rests_on == ("the height and width of x",)


def test_no_fix_rests_on_an_assumed_size(findings: Findings) -> None:
    _, finding = only(
        findings,
        "CNN102",
        """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 7, 3, stride=2)
                self.fc = nn.Linear(1051, 10)

            def forward(self, x):
                return self.fc(self.conv(x).flatten(1))
        """,
    )
    assert finding.message == (
        "Linear expects 1051 features, and no image size gives them: 7 × ⌊(H − 1)/2⌋ × ⌊(W − 1)/2⌋ is a "
        "multiple of 7, and 1051 is none"
    )
    assert finding.help and "nn.AdaptiveAvgPool2d(1)" in finding.help
    assert finding.fix is None


def test_a_wrong_view_is_told_once(snippets: Snippets) -> None:
    """The Linear behind it expects what the view asked for: that is no second mistake."""
    text = textwrap.dedent(
        """
        import torch.nn as nn

        # cnnlint: input=3x12x12
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 4, 3, padding=1)
                self.relu = nn.ReLU()
                self.fc = nn.Linear(400, 10)

            def forward(self, x):
                return self.fc(self.relu(self.conv(x)).view(-1, 400))
        """
    ).lstrip()
    rules = [rule for rule in all_rules() if rule.default and rule.code.startswith("CNN1")]
    assert [finding.code for finding in snippets.findings(text, *rules)] == ["CNN104"]
