"""Real source text with lines and tokens deleted, doubled and swapped, for tests of robustness."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st
from torchvision import models as torchvision_models

from cnnlint.plugin import all_rules

EXAMPLES = Path(__file__).parent / "examples"

CARETS = re.compile(r"^ *\^.*\n?", re.MULTILINE)


def torchvision_sources() -> list[str]:
    """The texts of torchvision's classification models, so written that they run anywhere."""
    folder = Path(torchvision_models.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")) if path.name[0] != "_"]
    return [
        text.replace("from ..", "from torchvision.").replace("from .", "from torchvision.models.")
        for text in texts
    ]


def examples() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.py"))]


def snippets() -> list[str]:
    """The snippets of all rules: small models, each with its own mistake."""
    return [
        CARETS.sub("", inspect.cleandoc(text) + "\n")
        for rule in all_rules()
        for text in (*rule.valid, *rule.invalid)
    ]


def notebook(text: str) -> str:
    """A notebook whose cells are the paragraphs of a text."""
    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": cell,
            "id": f"cell{number}",
            "outputs": [],
            "execution_count": None,
        }
        for number, cell in enumerate(re.split(r"\n{3,}", text))
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


@st.composite
def scrambled(draw: st.DrawFn, texts: Sequence[str]) -> str:
    """One of the texts with one to five changes."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 5))):
        parts = re.findall(draw(st.sampled_from([r".*\n?", r"\w+|\s+|[^\w\s]"])), text)
        if not parts:
            break
        one = draw(st.integers(0, len(parts) - 1))
        other = draw(st.integers(0, len(parts) - 1))
        change = draw(st.sampled_from(["delete", "double", "swap", "copy"]))
        if change == "delete":
            del parts[one]
        elif change == "double":
            parts.insert(one, parts[one])
        elif change == "swap":
            parts[one], parts[other] = parts[other], parts[one]
        else:
            parts.insert(other, parts[one])
        text = "".join(parts)
    return text
