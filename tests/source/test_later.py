"""Which code still needs a tensor that a call overwrites. The call is written `over(x)`."""

import ast
import textwrap

import pytest

from cnnlint.source.later import position, read_again


def next_read(text: str, *names: str) -> int | None:
    """The row of the next read of a name after the call of `over`."""
    tree = ast.parse(textwrap.dedent(text).strip())
    call = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "over"
    )
    found = read_again(tree, position(call), frozenset(names or {"x"}))
    return found.lineno if found else None


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("def f(x):\n  y = over(x)\n  return y + x", 3),
        ("def f(x):\n  return x + over(x)", 2),
        ("def f(x):\n  return conv(over(x)) + x", 2),
        ("def f(x):\n  y = over(x)\n  y = conv(y)\n  if y is None:\n    y = x\n  return y", 5),
        ("def f(x):\n  for c in cs:\n    y = c(over(x))\n  return x", 4),
        ("def f(x):\n  y = over(x)\n  x += y\n  return x", 3),
    ],
)
def test_read_again(text, row):
    assert next_read(text) == row


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n  x = over(x)\n  return conv(x) + x",
        "def f(x):\n  y = over(x)\n  return y",
        "def f(x):\n  y = over(x)\n  x = conv(y)\n  return x + y",
        "def f(x):\n  y = over(x)\n  return y.view(x.size(0), -1)",
        "def f(x):\n  y = over(x)\n  return y if x is not None else y",
        "def f(x):\n  if a:\n    y = over(x)\n  else:\n    y = x\n  return y",
        "def f(x):\n  if a:\n    return over(x)\n  return x",
        "def f(x):\n  y = over(x)\n  g = lambda x: x + 1\n  return y",
    ],
)
def test_not_read_again(text):
    assert next_read(text) is None


def test_an_alias_is_read_again():
    text = "def f(x):\n  identity = x\n  x = over(x)\n  x = conv(x)\n  return x + identity"
    assert next_read(text, "x", "identity") == 5
