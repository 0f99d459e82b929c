"""Broken and shuffled code never gives a traceback."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st
from scrambled import examples, notebook, scrambled, torchvision_sources
from texts import NET

from cnnlint.evidence.survey import survey
from cnnlint.source.reading import read_bytes
from cnnlint.source.slice import ModuleSlice

SCRIPT = (
    NET
    + """
import argparse
from torchvision import datasets, transforms
from torch.utils.data import DataLoader

# cnnlint: input=4
parser = argparse.ArgumentParser()
parser.add_argument("--classes", default=10)
args = parser.parse_args()
data = datasets.MNIST("data", transform=transforms.Compose([transforms.Resize((8, 8))]))
criterion = nn.CrossEntropyLoss()


def train(model, loader, n=3):
    for step, (x, y) in enumerate(loader):
        with torch.no_grad():
            output = model(x.view(x.size(0), -1))
        criterion(output, y).backward()


if __name__ == "__main__":
    model = Net(args.classes).to("cpu")
    train(model, DataLoader(data))
    try:
        model(torch.randn(2, 4))
    except RuntimeError:
        pass
"""
)
SOURCES = [SCRIPT, *examples(), *torchvision_sources()]
BOOKS = [notebook(text) for text in (SCRIPT, *examples())]


@given(scrambled(SOURCES) | scrambled(BOOKS), st.booleans())
def test_scrambled_source_is_surveyed_or_refused(text, in_cells):
    book = text.startswith("{")
    if in_cells and not book:
        text, book = notebook(text), True
    file, problem = read_bytes(text.encode(), "net.ipynb" if book else "net.py")
    if problem is not None:
        assert 1 <= problem.span.row <= len(file.lines)
        return
    sliced = ModuleSlice(file)
    found = survey(file)
    assert not any("nested" in item.message for item in found.problems)
    for target in found.targets:
        statements = sliced.closure([target.name])
        compile(ast.Module(statements, []), "net.py", "exec", dont_inherit=True)
        for construction in target.constructions:
            ast.parse(construction.expression.prelude)
            ast.parse(construction.expression.text.strip(), mode="eval")


def test_variables_that_go_in_circles():
    text = (
        NET
        + """
from torchvision import datasets, transforms
while True:
    a, b, loader, t = b * 2, a + 1, wrap(loader), transforms.Compose(t)
    y = y.to(device)
    x = x.view(a, b)
    model = model.to(device)
    data = datasets.CIFAR10("d", transform=t)
    loader = tqdm(loader)
    for x, z in loader:
        F.cross_entropy(F.relu(Net(a)(x)), y)
        model(x)
    num_classes = num_classes
"""
    )
    file, problem = read_bytes(text.encode(), "net.py")
    assert problem is None
    found = survey(file)
    assert not found.problems
    assert [target.name for target in found.targets] == ["Net"]
