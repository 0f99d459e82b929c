"""The page in a real browser: no error, findings lead to their layers and lines, large models stay quick."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from handmade import at, finding

from cnnlint.config import Settings
from cnnlint.diagnostic import Related, Severity
from cnnlint.report import render
from cnnlint.report.style import Style
from cnnlint.result import FileResult, Result
from cnnlint.source.file import SourceFile
from tests.runtime.tracing import trace_text

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

TEXT = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        unit = lambda: nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.body = nn.Sequential(*(unit() for _ in range(70)))
        self.last = nn.Linear(99, 10)

    def forward(self, x):
        x = self.first(x)
        x = x + self.body(x)
        return self.last(x.mean((2, 3)))


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.only = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return self.only(x)
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trace = trace_text(TEXT, (3, 32, 32))
    wrong = finding(TEXT, "99").replace(
        span=at(TEXT, "99", filename="model.py"),
        label="16 arrive",
        model="Net",
        layers=("last",),
        related=(Related("called here", at(TEXT, "self.last(x.mean((2, 3)))", filename="model.py")),),
    )
    small = finding(TEXT, "nn.Conv2d(3, 4, 1)").replace(
        span=at(TEXT, "nn.Conv2d(3, 4, 1)", filename="model.py"),
        severity=Severity.WARNING,
        model="Small",
        layers=("only",),
    )
    what = Result((FileResult(SourceFile("model.py", TEXT), trace, (wrong, small)),), ("model.py",))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text("".join(render("html", what, Settings(), Style())), encoding="utf-8")
    return path


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Any, report: Path) -> Iterator[Any]:
    """The open page, which must stay without errors and without requests."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1300, "height": 900})
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda sent: trouble.append(sent.url) if not sent.url.startswith("file:") else None)
    page.goto(report.as_uri())
    yield page
    context.close()
    assert not trouble


def texts(page: Any, selector: str) -> list[str]:
    return [item.inner_text() for item in page.query_selector_all(selector)]


def test_a_finding_shows_its_layer_and_line(page: Any) -> None:
    page.click("#f0")
    assert texts(page, ".line.selected .number") == ["11", "16"]
    (row,) = page.query_selector_all("tr.row.selected")
    assert row.is_visible() and row.query_selector("th").inner_text() == "last"
    box = page.query_selector(".net:not([hidden]) .box.selected")
    assert "error" in box.get_attribute("class") and box.query_selector(".sign")
    canvas = page.query_selector(".model:not([hidden]) .canvas").bounding_box()
    place = box.query_selector(".front").bounding_box()
    assert canvas["x"] <= place["x"] <= canvas["x"] + canvas["width"]
    assert "Linear(99, 10)" in page.inner_text(".model:not([hidden]) .inspector")
    page.keyboard.press("Escape")
    assert not page.query_selector_all(".selected")


def test_a_finding_of_another_model_shows_that_model(page: Any) -> None:
    assert texts(page, ".model:not([hidden]) h3") == ["Net()"]
    page.click("mark.warning")
    assert texts(page, ".model:not([hidden]) h3") == ["Small()"]
    assert texts(page, ".layers:not([hidden]) tr.selected th") == ["only"]
    page.click(".models button >> nth=0")
    assert texts(page, ".model:not([hidden]) h3") == ["Net()"]


def test_blocks_are_walked_by_keyboard_and_lead_to_the_source(page: Any) -> None:
    page.focus(".net:not([hidden]) .box[tabindex='0']")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert texts(page, ".line.selected .number") == ["8"]
    assert "Conv2d(3, 16, 3, padding=1)" in page.inner_text(".inspector")
    assert page.locator(".box[tabindex='0']:visible").count() == 1


def test_a_large_model_is_grouped_and_can_be_opened(page: Any) -> None:
    levels = texts(page, ".model:not([hidden]) .levels label")
    assert levels[0] == "75 layers" and len(levels) > 1
    hidden = page.locator(".layers:not([hidden]) tr.row:visible").count()
    page.click(".layers:not([hidden]) button.all")
    assert page.locator(".layers:not([hidden]) tr.row:visible").count() > hidden + 200
    page.click(".levels label >> nth=0")
    assert page.locator(".model:not([hidden]) .net:not([hidden]) .box").count() == 75


def test_the_theme_can_be_changed(page: Any) -> None:
    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    before = background()
    page.click("#theme")
    assert background() != before
    page.reload()
    assert background() != before


@pytest.mark.parametrize("width", [1300, 380])
def test_it_fits_wide_and_narrow_windows(page: Any, width: int, tmp_path: Path) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert (tmp_path / "page.png").stat().st_size > 20_000


def test_it_can_be_read_without_scripts(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator(".model:visible").count() == 2 and page.locator("tr.row:visible").count() > 200
    context.close()


def test_controls_have_names(page: Any) -> None:
    nameless = page.evaluate(
        """[...document.querySelectorAll("a, button, input, [tabindex='0'], section, article")].filter(item =>
            !(item.ariaLabel || item.getAttribute("aria-labelledby") || item.textContent.trim()
              || (item.labels && item.labels.length))).length"""
    )
    assert nameless == 0
