"""The page: what it says, that it is closed in itself, and that no text of the user's is markup."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise, product

import pytest
from handmade import ADVICE, FLATTEN, MNIST, at, finding, result
from hypothesis import given
from hypothesis import strategies as st

from cnnlint.analyses.shapes import shape_table
from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic, Related, Span
from cnnlint.graph import Trace
from cnnlint.report import render
from cnnlint.report.html import NAMES, render_shapes
from cnnlint.report.html.blocks import COLORS, INPUT, JOIN, OTHER, levels
from cnnlint.report.html.drawing import draw
from cnnlint.report.html.listing import Mark, listing
from cnnlint.report.html.volume import volume
from cnnlint.report.style import Style
from cnnlint.result import Result, TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.traces import Model
from tests.runtime.tracing import trace_text

RESIDUAL = """\
import torch
from torch import nn


class Unit(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        return torch.relu(x + self.conv2(torch.relu(self.norm(self.conv1(x)))))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.early = nn.Sequential(*(Unit(16) for _ in range(10)))
        self.pool = nn.Conv2d(16, 64, 2, 2)
        self.late = nn.Sequential(*(Unit(64) for _ in range(8)))
        self.head = nn.Linear(64, 5)

    def forward(self, x):
        x = self.late(self.pool(self.early(self.stem(x))))
        return self.head(x.mean((2, 3)))
"""


@pytest.fixture(scope="module")
def model() -> Model:
    (model,) = trace_text(RESIDUAL, (3, 32, 32)).models
    return model


def page(*findings: Diagnostic, **changes: object) -> str:
    return "".join(render("html", result(*findings, **changes), Settings(), Style()))


class Page(HTMLParser):
    """The elements of a page with their attributes, and its texts; void and SVG elements may stand alone."""

    VOID = frozenset({"meta", "path", "rect", "input"})

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def having(self, name: str) -> list[str]:
        """The values of an attribute."""
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def test_blocks_bands_and_skips(model: Model) -> None:
    trace = Trace(model, model.passes[0])
    blocks = levels(trace, shape_table(model).rows)[0].blocks
    shown = [(block.name, block.color, block.bands, block.sources) for block in blocks[:6]]
    assert shown == [
        ("x", "input", [], []),
        ("stem", "conv", [], [0]),
        ("early.0.conv1", "conv", ["norm", "activation"], [1]),
        ("early.0.conv2", "conv", [], [2]),
        ("early.0", "join", ["activation"], [1, 3]),
        ("early.1.conv1", "conv", ["norm", "activation"], [4]),
    ]
    assert [(block.name, block.color) for block in blocks[-2:]] == [("mean", "pool"), ("head", "linear")]
    assert [(arc.source, arc.target) for arc in draw(blocks).arcs][:2] == [(1, 4), (4, 7)]
    covered = [row for block in blocks for row in range(block.first, block.last + 1)]
    assert covered == list(range(len(shape_table(model).rows)))


def test_boxes_shrink_and_widen_with_the_maps_and_stay_on_the_drawing(model: Model) -> None:
    trace = Trace(model, model.passes[0])
    for level in levels(trace, shape_table(model).rows):
        drawing = draw(level.blocks)
        boxes = {box.block.volume.label: box for box in drawing.boxes}
        assert boxes["64×16×16"].height < boxes["16×32×32"].height
        plain = [box.width - 3.5 * len(box.bands) for box in (boxes["16×32×32"], boxes["64×16×16"])]
        assert plain[0] < plain[1]
        assert all(left.x + left.width <= right.x for left, right in pairwise(drawing.boxes))
        assert all(box.peak[1] + drawing.middle > 0 for box in drawing.boxes)
        assert drawing.boxes[-1].x + drawing.boxes[-1].width < drawing.width


def test_a_large_model_is_first_shown_in_coarse_steps(model: Model) -> None:
    found = levels(Trace(model, model.passes[0]), shape_table(model).rows)
    assert [(level.name, len(level.blocks)) for level in found] == [
        ("layers", 59),
        ("blocks", 23),
        ("stages", 4),
    ]
    names = [block.name for block in found[1].blocks]
    assert names[:3] == ["x", "stem", "early.0"] and names[-3:] == ["late.7", "mean", "head"]
    assert found[2].blocks[1].name == "stem–early" and found[2].blocks[1].sources == [0]
    view = Page(page(text=RESIDUAL, models=(model,)))
    pictures = [
        attributes for tag, attributes in view.elements if tag == "svg" and "data-level" in attributes
    ]
    assert ["hidden" in picture for picture in pictures] == [False, True, True]


def test_volumes_know_which_axes_are_spatial() -> None:
    text = """\
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 4, 4)
                self.fc = nn.Linear(8, 5)
            def forward(self, x):
                return self.fc(self.conv(x).permute(0, 2, 3, 1))
        """
    (model,) = trace_text(text, (3, 32, 64)).models
    trace = Trace(model, model.passes[0])
    box = volume(trace, trace.run.outputs[0])
    assert (box.channels, box.height, box.width, box.label) == (5, 8, 16, "8×16×5")


def test_every_colour_has_a_name_and_a_rule() -> None:
    colors = {*COLORS.values(), JOIN, INPUT, OTHER}
    assert colors == set(NAMES)
    style = page().partition("<style>")[2].partition("</style>")[0]
    assert all(f".{color} {{ --fill: var(--{color}); }}" in style for color in colors)


def luminance(color: str) -> float:
    digits = color if len(color) == 6 else "".join(digit * 2 for digit in color)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_words_are_readable_in_both_themes() -> None:
    """WCAG AA: 4.5 to 1 between words and what is behind them."""
    style = page().partition("<style>")[2].partition("</style>")[0]
    light = style.partition(":root {")[2].partition("}")[0]
    dark = style.partition(':root[data-theme="dark"] {')[2].partition("}")[0]
    assert dark.split() == style.partition(':not([data-theme="light"]) {')[2].partition("}")[0].split()
    for theme in (light, dark):
        colors = dict(re.findall(r"--([\w-]+): #([0-9a-f]+)", theme))
        words = "ink soft error warning advice comment string number keyword defined accent"
        for word, behind in product(words.split(), ("paper", "card", "chosen")):
            pair = sorted((luminance(colors[word]), luminance(colors[behind])))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (word, behind)
        for word in ("error", "warning", "advice"):
            pair = sorted((luminance(colors[word]), luminance(colors[f"{word}-wash"])))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, word


def test_the_page_needs_no_network_and_runs_no_other_script(model: Model) -> None:
    text = page(FLATTEN, ADVICE, text=RESIDUAL, models=(model,))
    assert text.isascii()
    view = Page(text)
    assert all(address.startswith("#") for address in view.having("href"))
    assert not view.having("src") and "url(" not in text and "@import" not in text
    script = text.partition("<script>")[2].partition("</script>")[0]
    (policy,) = [value for value in view.having("content") if value.startswith("default-src")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'") and f"script-src 'sha256-{digest}'" in policy


HOSTILE = (
    "</title></pre></svg><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7*7 }}{% x %}&amp;"
    "\x00\u202e\ud800"
)


def test_hostile_text_is_text(model: Model) -> None:
    layers = tuple(replace(layer, path=layer.path.replace("stem", HOSTILE)) for layer in model.layers)
    run = model.passes[0]
    operations = tuple(
        replace(operation, layer=(operation.layer or "").replace("stem", HOSTILE) or None)
        for operation in run.operations
    )
    hostile = replace(
        model,
        name=HOSTILE,
        construction=HOSTILE,
        notes=(HOSTILE,),
        layers=layers,
        passes=(replace(run, operations=operations),),
    )
    item = FLATTEN.replace(
        code=HOSTILE, name=HOSTILE, message=HOSTILE, label=HOSTILE, help=HOSTILE, model=HOSTILE,
        layers=(HOSTILE,), related=(Related(HOSTILE, Span(HOSTILE, 1, 1, 1, 2)),),
    )  # fmt: skip
    text = page(item, text=HOSTILE + "\n" + MNIST, models=(hostile,), filename=HOSTILE)
    harmless = Page(page(FLATTEN, models=(model,)))
    view = Page(text)
    assert {tag for tag, _ in view.elements} == {tag for tag, _ in harmless.elements}
    assert [tag for tag, _ in view.elements].count("script") == 1
    attributes = {name for _, attributes in view.elements for name in attributes}
    assert attributes == {name for _, attributes in harmless.elements for name in attributes}
    assert any("{{ 7*7 }}" in text for text in view.texts)
    assert not re.search("[\x00\u202e]|&#0;|&#8238;|&#55296;", text)


def test_a_finding_leads_to_its_rows_and_lines(model: Model) -> None:
    span = at(RESIDUAL, "nn.Conv2d(3, 16, 3, padding=1)", filename="model.py")
    related = (Related("called here", at(RESIDUAL, "self.stem(x)", filename="model.py")),)
    stem = finding(RESIDUAL, "nn.Linear(64, 5)").replace(
        span=span, layers=("stem",), model="Net", related=related
    )
    pool = stem.replace(span=at(RESIDUAL, "x.mean((2, 3))", filename="model.py"), layers=(), related=())
    elsewhere = stem.replace(span=Span("other.py", 3, 1, 3, 2), layers=(), related=())
    view = Page(page(stem, pool, elsewhere, text=RESIDUAL, models=(model,), filename="model.py"))
    cards = [
        attributes for _, attributes in view.elements if attributes.get("class", "").startswith("finding ")
    ]
    rows = shape_table(model).rows
    assert [card["data-lines"] for card in cards] == ["19 26", "27", ""]
    assert [card["data-rows"] for card in cards] == ["1", str(len(rows) - 2), ""]
    ids = view.having("id")
    assert len(set(ids)) == len(ids) and {"r0-1", "s0-19", "s0-26", "f2"} <= set(ids)


def test_shapes_show_faults_as_findings() -> None:
    text = MNIST.replace("nn.Conv2d(32, 64", "nn.Conv2d(30, 64")
    trace = trace_text(text, (1, 28, 28))
    source = SourceFile("model.py", text)
    shown = "".join(render_shapes([TracedFile(source, trace)]))
    assert "Conv2d expects 30 channels, but the input has 32" in shown
    assert "<title>cnnlint: 1 model, 2 faults.</title>" in shown
    assert shown.count('class="box conv error"') == 1


def test_cells_of_a_notebook() -> None:
    text = "import torch\nclass Net: pass\nnet = Net()\nnet(1)\n"
    cells = ((2, 1), (2, 2), (5, 1), (5, 2))
    item = finding(text, "a").replace(span=Span("n.ipynb", 2, 1, 2, 7, cell=5))
    view = Page(page(item, text=text, filename="n.ipynb", models=(), cells=cells))
    assert "cell 2" in view.texts and "cell 5" in view.texts
    marks = [attributes for tag, attributes in view.elements if tag == "mark"]
    (card,) = view.having("data-lines")
    assert card == "4" and {mark["data-finding"] for mark in marks} == {"0"}


def test_an_empty_run_is_a_page() -> None:
    assert "No model was met." in Page("".join(render("html", Result(()), Settings(), Style()))).texts


@given(st.text(st.sampled_from("ab\"'# \t\n1画\x00\u202edefclass\\"), max_size=50), st.data())
def test_a_listing_loses_no_character(text: str, data: st.DataObject) -> None:
    row, end_row = sorted(data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6))))
    mark = Mark(
        Span("f.py", row, data.draw(st.integers(1, 9)), end_row, data.draw(st.integers(1, 9))),
        "error",
        0,
        "n",
    )
    source = SourceFile("f.py", text)
    lines = [line for section in listing(source, [mark]) for line in section.lines]
    shown = ["".join(segment.text for segment in line.segments) for line in lines]
    assert shown == text.splitlines() or not text or "\r" in text
    if mark.span.row == mark.span.end_row and lines and mark.span.row <= len(lines):
        marked = "".join(item.text for item in lines[mark.span.row - 1].segments if item.mark)
        line = shown[mark.span.row - 1]
        assert marked == line[mark.span.column - 1 : mark.span.end_column - 1]
