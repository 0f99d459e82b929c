"""Several models, losses and numbers of classes in one file are kept apart, down to the findings."""

from __future__ import annotations

from pipeline import Findings

from cnnlint.plugin import Rule, all_rules

TWO_MODELS = """\
import torch
import torch.nn as nn
import torch.nn.functional as F


# cnnlint: input=16
class Letters(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(16, 26)

    def forward(self, x):
        return self.fc(x){letters}


# cnnlint: input=16
class Spam(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        return self.fc(x){spam}


def train_letters(x):
    model = Letters()
    return nn.CrossEntropyLoss()(model(x), torch.randint(0, {classes}, (8,)))


def train_spam(x, y):
    net = Spam()
    return F.binary_cross_entropy(net(x), y)
"""


def rule(code: str) -> Rule:
    return next(rule for rule in all_rules() if rule.code == code)


def file(letters: str = "", spam: str = ".sigmoid()", classes: int = 26) -> str:
    return TWO_MODELS.format(letters=letters, spam=spam, classes=classes)


def test_each_model_has_its_own_loss(findings: Findings) -> None:
    assert not findings(file(), rule("CNN202"))


def test_a_wrong_pair_is_told_of_its_model_only(findings: Findings) -> None:
    (first,) = findings(file(letters=".softmax(1)"), rule("CNN202"))
    assert first.model == "Letters" and "CrossEntropyLoss" in first.message
    (second,) = findings(file(spam=""), rule("CNN202"))
    assert second.model == "Spam" and "BCELoss" in second.message


def test_the_classes_of_one_model_are_not_the_others(findings: Findings) -> None:
    assert not findings(file(), rule("CNN208"))
    (finding,) = findings(file(classes=10), rule("CNN208"))
    assert (finding.model, finding.fix is not None) == ("Letters", True)
