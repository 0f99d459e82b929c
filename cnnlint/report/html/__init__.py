"""`--output-format html`: one page that works from a file, without network.

`page.html` is the template (all that it writes is escaped), `style.css` and `script.js` are put into it; a
content policy that names the script by its hash lets nothing else run or load.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from cnnlint import __version__
from cnnlint.config import Settings
from cnnlint.report.html.view import FileView, Views, faults
from cnnlint.report.style import Style
from cnnlint.report.summary import last_line
from cnnlint.report.text import count
from cnnlint.result import Result, TracedFile

NAMES = {
    "conv": "convolution",
    "up": "upsampling",
    "pool": "pooling, reduction",
    "norm": "normalisation",
    "activation": "activation",
    "linear": "linear",
    "attention": "attention",
    "recurrent": "recurrent, embedding",
    "dropout": "dropout",
    "join": "add, cat",
    "input": "input",
    "other": "reshape and others",
}
"""The colours in the legend."""


def render(result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The page of a run: files that hold a model or a finding."""
    views = Views()
    shown = {id(finding) for finding in result.shown()}
    files = []
    for file in result.files:
        findings = [finding for finding in file.findings if id(finding) in shown]
        if findings or any(model.passes for model in file.trace.models):
            files.append(views.file(file, findings))
    yield _page(files, last_line(result, Style()))


def render_shapes(files: Sequence[TracedFile]) -> Iterator[str]:
    """The page of `cnnlint shapes`: what refused its input stands for the findings."""
    views = Views()
    shown = [views.file(file, faults(file)) for file in files if file.trace.models or file.trace.problems]
    models = sum(len(file.models) for file in shown)
    refused = sum(len(file.findings) for file in shown)
    yield _page(shown, f"{count(models, 'model')}, {count(refused, 'fault')}.")


def _page(files: Sequence[FileView], verdict: str) -> str:
    """The page in ASCII, which reads the same whatever encoding it is stored in."""
    script = _part("script.js")
    page = _template().render(
        files=files,
        names=NAMES,
        verdict=verdict,
        version=__version__,
        style=Markup(_part("style.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return page.encode("ascii", errors="xmlcharrefreplace").decode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader(__name__, "."),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def visible(value: Any) -> Any:
    """What the template writes, with � for signs that would not be seen, or would turn the order of others;
    our own parts as they are."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in value
    )


def _part(name: str) -> str:
    """A style sheet or script of ours."""
    return resources.files(__name__).joinpath(name).read_text(encoding="ascii")
