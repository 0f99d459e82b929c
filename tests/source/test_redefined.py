"""Files that define a name again, taken apart into versions."""

from __future__ import annotations

import textwrap

import pytest

from cnnlint.source.file import SourceFile
from cnnlint.source.redefined import versions


def lines(text: str) -> list[tuple[str, list[int]]]:
    """Each version's lines that are left, joined, and the rows that only it has."""
    file = SourceFile("net.py", textwrap.dedent(text).strip("\n"))
    return [
        ("; ".join(line for line in version.lines if line), sorted(rows)) for version, rows in versions(file)
    ]


def test_each_definition_keeps_what_rests_on_it() -> None:
    text = """
        data = load()
        class Net: a = 1
        net = Net()
        out = net(data)
        print(out)
        size = 3
        class Net: a = 2
        net = Net()
        print(net(size))
        """
    assert lines(text) == [
        ("data = load(); size = 3; class Net: a = 2; net = Net(); print(net(size))", []),
        ("data = load(); class Net: a = 1; net = Net(); out = net(data); print(out); size = 3", [2, 3, 4, 5]),
    ]


def test_a_class_that_holds_an_earlier_definition_goes_with_it() -> None:
    text = """
        def make(): return 1
        class Net: part = make()
        def make(): return 2
        class Other: part = make()
        def make(): return 3
        """
    assert [rows for _, rows in lines(text)] == [[], [3, 4], [1, 2]]


@pytest.mark.parametrize(
    "text",
    [
        "class Net: a = 1\nclass Other: a = 1\n",
        "class Net: a = 1\nclass Net(Net): b = 1\n",
        "class Net: a = 1\n@extend(Net)\nclass Net: b = 1\n",
        "@overload\ndef f(): return 1\n@overload\ndef f(): return 2\n",
        "if a:\n    class Net: a = 1\nelse:\n    class Net: a = 2\n",
    ],
)
def test_what_is_no_new_definition_stays_whole(text: str) -> None:
    assert lines(text) == [("; ".join(line for line in text.split("\n") if line), [])]
