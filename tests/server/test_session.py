"""A language client on the pipes of `cnnlint server`: what an editor is told while one types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lsprotocol import types

from tests.server.editor import Editor

NET = """\
import torch.nn as nn
import torch.nn.functional as F


# cnnlint: input=1x28x28
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(3136, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.flatten(1)
        return self.fc(x)
"""
BROKEN = NET.replace("3136", "1568")


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with Editor(tmp_path_factory.mktemp("project"), "--config", "timeout=20") as editor:
        yield editor


def test_a_mistake_is_told_while_one_types_and_mended_by_its_action(editor: Editor) -> None:
    uri = editor.open("net.py", NET)
    assert editor.problems(uri) == []
    editor.replace(uri, "3136", "1568")
    (problem,) = editor.problems(uri)
    assert (problem.code, problem.severity) == ("CNN102", types.DiagnosticSeverity.Error)
    assert editor.text_at(uri, problem.range) == "1568"
    assert "64 × 7 × 7 = 3136" in problem.message
    told = {item.message: editor.text_at(uri, item.location.range) for item in problem.related_information}
    assert told["called here"] == "self.fc(x)"
    assert problem.code_description is not None
    assert problem.code_description.href.endswith("/flatten_mismatch.py")
    action = editor.actions(uri, "1568")["write nn.Linear(3136, 10)"]
    assert action.kind == types.CodeActionKind.QuickFix and action.is_preferred
    assert [item.code for item in action.diagnostics or ()] == ["CNN102"]
    editor.apply(action.edit)
    assert editor.problems(uri) == []
    assert editor.texts[uri] == NET


def test_hints_stand_behind_lines_and_constructors(editor: Editor) -> None:
    uri = editor.open("hints.py", NET)
    editor.problems(uri)
    assert editor.hints(uri) == {
        "self.conv1 = nn.Conv2d(1, 32, 3, padding=1)": [
            "self.conv1 = nn.Conv2d(1, 32, 3, padding=1) → [B, 32, 28, 28]"
        ],
        "self.conv2 = nn.Conv2d(32, 64, 3, padding=1)": [
            "self.conv2 = nn.Conv2d(32, 64, 3, padding=1) → [B, 64, 14, 14]"
        ],
        "self.pool = nn.MaxPool2d(2)": ["self.pool = nn.MaxPool2d(2) → [B, 32, 14, 14], [B, 64, 7, 7]"],
        "self.fc = nn.Linear(3136, 10)": ["self.fc = nn.Linear(3136, 10) → [B, 10]"],
        "x = self.pool(F.relu(self.conv1(x)))": ["x = self.pool(F.relu(self.conv1(x))) → [B, 32, 14, 14]"],
        "x = self.pool(F.relu(self.conv2(x)))": ["x = self.pool(F.relu(self.conv2(x))) → [B, 64, 7, 7]"],
        "x = x.flatten(1)": ["x = x.flatten(1) → [B, 3136]"],
        "return self.fc(x)": ["return self.fc(x) → [B, 10]"],
    }


BLOCKS = """\
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, stride=2, padding=1)

    def forward(self, x):
        return self.conv(x).relu()


# cnnlint: input=3x32x32
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(
            Block(3, 8),
            Block(8, 16),
        )
        self.more = nn.ModuleList([Block(16, 32)])

    def forward(self, x):
        x = self.blocks(x)
        for block in self.more:
            x = block(x)
        return x.mean((2, 3))
"""


def test_blocks_show_what_comes_out_of_them(editor: Editor) -> None:
    uri = editor.open("blocks.py", BLOCKS)
    editor.problems(uri)
    hints = editor.hints(uri)
    each = "[B, 8, 16, 16], [B, 16, 8, 8], [B, 32, 4, 4]"
    assert hints["return self.conv(x).relu()"] == [f"return self.conv(x).relu() → {each}"]
    assert hints["self.conv = nn.Conv2d(cin, cout, 3, stride=2, padding=1)"][0].endswith(f"→ {each}")
    assert hints["Block(3, 8),"] == ["Block(3, 8) → [B, 8, 16, 16]"]
    assert hints[")"] == [") → [B, 16, 8, 8]"]
    assert hints["x = self.blocks(x)"] == ["x = self.blocks(x) → [B, 16, 8, 8]"]
    assert hints["self.more = nn.ModuleList([Block(16, 32)])"] == [
        "self.more = nn.ModuleList([Block(16, 32) → [B, 32, 4, 4]"
    ]
    assert "4 operators" in editor.hover(uri, "self.blocks(x)")
    assert "2 operators" in editor.hover(uri, "Block(3, 8)")


LINES = """\
import torch.nn as nn
import torch.nn.functional as F


# cnnlint: input=3x32x32
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))
        self.layers = nn.ModuleList([nn.Conv2d(8, 16, 3), nn.Conv2d(16, 32, 3)])

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        for _ in range(2):
            x = F.max_pool2d(x, 2)
        return F.adaptive_avg_pool2d(
            x,
            1,
        )
"""


def test_a_line_shows_what_it_comes_to(editor: Editor) -> None:
    uri = editor.open("lines.py", LINES)
    editor.problems(uri)
    hints = editor.hints(uri)
    assert hints["x = self.stem(x)"] == ["x = self.stem(x) → [B, 8, 28, 28]"]
    assert hints["x = layer(x)"] == ["x = layer(x) → [B, 16, 26, 26], [B, 32, 24, 24]"]
    assert hints["x = F.max_pool2d(x, 2)"] == ["x = F.max_pool2d(x, 2) → [B, 32, 6, 6]"]
    assert hints[")"] == [") → [B, 32, 1, 1]"]


def test_hover_works_the_formula_out(editor: Editor) -> None:
    uri = editor.open("hover.py", NET)
    editor.problems(uri)
    for place in ("conv1(x)", "Conv2d(1, 32"):
        text = editor.hover(uri, place)
        assert "(28 + 2×1 − 3)/1 + 1 = 28" in text
        assert "[B, 1, 28, 28] → [B, 32, 28, 28]" in text
        assert "parameters: 320" in text and "MACs per sample: 225,792" in text
        assert "receptive field: 3" in text
    assert "50,186" in editor.hover(uri, "Net(nn.Module)")
    assert editor.hover(uri, "import torch.nn as nn") == ""


def test_hover_on_a_finding_has_the_text_of_its_rule(editor: Editor) -> None:
    uri = editor.open("finding.py", BROKEN)
    editor.problems(uri)
    text = editor.hover(uri, "1568")
    assert "64 × 7 × 7 = 3136" in text and "flatten-mismatch (CNN102)" in text and "## Why" in text


def test_the_lens_has_the_costs(editor: Editor) -> None:
    uri = editor.open("lens.py", NET)
    editor.problems(uri)
    assert editor.lenses(uri) == ["Net(): 50,186 parameters, 3,869,824 MACs per sample of 1×28×28"]


def test_all_safe_fixes_are_made_at_once(editor: Editor) -> None:
    uri = editor.open("all.py", BROKEN.replace("Conv2d(32,", "Conv2d(16,"))
    assert editor.codes(uri) == ["CNN101", "CNN102"]
    (action,) = editor.actions(uri, "import", "source.fixAll").values()
    assert action.kind == "source.fixAll.cnnlint"
    editor.apply(action.edit)
    assert editor.texts[uri] == NET
    assert editor.problems(uri) == []


def test_a_finding_is_ignored_with_a_comment(editor: Editor) -> None:
    uri = editor.open("ignored.py", BROKEN)
    editor.apply(editor.actions(uri, "1568")["ignore CNN102 (flatten-mismatch) with a comment"].edit)
    assert "nn.Linear(1568, 10)  # cnnlint: ignore[CNN102]\n" in editor.texts[uri]
    assert editor.problems(uri) == []
    editor.replace(uri, "1568", "3136")
    (problem,) = editor.problems(uri)
    assert problem.code == "CNN007"
    assert list(problem.tags or ()) == [types.DiagnosticTag.Unnecessary]


def test_a_syntax_error_keeps_the_last_hints_at_their_lines(editor: Editor) -> None:
    uri = editor.open("typing.py", NET)
    editor.problems(uri)
    before = editor.hints(uri)
    editor.replace(uri, "import torch.nn as nn\n", "import torch.nn as nn\n\ndef half(\n")
    assert editor.codes(uri) == ["CNN001"]
    assert editor.hints(uri) == before
    assert editor.lenses(uri)
    editor.replace(uri, "\ndef half(\n", "")
    assert editor.problems(uri) == []
    assert editor.hints(uri) == before


def test_a_model_that_is_gone_leaves_no_hints(editor: Editor) -> None:
    uri = editor.open("gone.py", NET)
    editor.problems(uri)
    editor.write(uri, "x = 1\n")
    assert editor.problems(uri) == []
    assert editor.hints(uri) == {} and editor.lenses(uri) == []


def test_positions_count_in_utf_16(editor: Editor) -> None:
    line = "        '𝒞 ü'; self.fc = nn.Linear(1568, 10)"
    uri = editor.open("units.py", NET.replace("        self.fc = nn.Linear(3136, 10)", line))
    (problem,) = editor.problems(uri)
    assert problem.range.start.character == line.index("1568") + 1  # 𝒞 is two units
    editor.apply(editor.actions(uri, "1568")["write nn.Linear(3136, 10)"].edit)
    assert line.replace("1568", "3136") in editor.texts[uri]


def test_lines_end_as_the_protocol_says(editor: Editor) -> None:
    """A form feed ends no line, though `str.splitlines` takes it for an end."""
    uri = editor.open("ends.py", "# a page\x0c of its own\u2028\r\n" + BROKEN.replace("\n", "\r\n"))
    (problem,) = editor.problems(uri)
    assert editor.text_at(uri, problem.range) == "1568"
    (action,) = editor.actions(uri, "1568", "source.fixAll").values()
    editor.apply(action.edit)
    assert "Linear(3136, 10)\r\n" in editor.texts[uri]
    assert editor.problems(uri) == []


def test_configuration_is_read_where_the_file_is(editor: Editor) -> None:
    folder = editor.folder / "configured"
    folder.mkdir()
    (folder / "cnnlint.toml").write_text('ignore = ["CNN102"]\n')
    uri = editor.open("configured/net.py", BROKEN)
    assert editor.codes(uri) == []
    editor.forget(uri)
    (folder / "cnnlint.toml").write_text("ignore = []\n")
    editor.saved_elsewhere("configured/cnnlint.toml")
    assert [item.code for item in editor.news(uri)] == ["CNN102"]
    (folder / "cnnlint.toml").write_text("ignore = [1\n")
    editor.saved_elsewhere("configured/cnnlint.toml")
    assert "cnnlint.toml is not valid TOML" in editor.message()


def test_what_an_import_breaks_is_told_at_the_model(editor: Editor) -> None:
    folder = editor.folder / "parts"
    folder.mkdir()
    head = "import torch.nn as nn\n\n\ndef head():\n    return nn.Linear(3136, 10)\n"
    (folder / "heads.py").write_text(head)
    net = NET.replace("nn.Linear(3136, 10)", "head()").replace(
        "import torch", "from heads import head\nimport torch", 1
    )
    uri = editor.open("parts/net.py", net)
    assert editor.codes(uri) == []
    editor.forget(uri)
    (folder / "heads.py").write_text(head.replace("3136", "1568"))
    editor.saved_elsewhere("parts/heads.py")
    (problem,) = editor.news(uri)
    assert problem.code == "CNN102" and "heads.py:5:22" in problem.message
    assert editor.text_at(uri, problem.range) == "Net"
    assert any(item.location.uri.endswith("parts/heads.py") for item in problem.related_information or ())


def test_a_closed_document_has_no_problems(editor: Editor) -> None:
    uri = editor.open("closed.py", BROKEN)
    assert editor.problems(uri)
    editor.forget(uri)
    document = types.TextDocumentIdentifier(uri)
    editor.notify(types.TEXT_DOCUMENT_DID_CLOSE, types.DidCloseTextDocumentParams(document))
    assert editor.news(uri) == []


def test_excluded_files_are_left_alone(editor: Editor) -> None:
    uri = editor.open("build/net.py", BROKEN)
    assert editor.problems(uri) == []
    assert editor.hints(uri) == {}


def test_cells_of_a_notebook(editor: Editor) -> None:
    texts = {"one": "%matplotlib inline\nimport torch.nn as nn", "two": "# Title", "three": BROKEN}
    uris = {name: f"vscode-notebook-cell:/net.ipynb#{name}" for name in texts}
    kinds = {
        name: types.NotebookCellKind.Markup if name == "two" else types.NotebookCellKind.Code
        for name in texts
    }
    cells = [types.NotebookCell(kinds[name], uris[name]) for name in texts]
    notebook = types.NotebookDocument((editor.folder / "net.ipynb").as_uri(), "jupyter-notebook", 1, cells)
    items = [
        types.TextDocumentItem(uris[name], types.LanguageKind.Python, 0, text) for name, text in texts.items()
    ]
    editor.texts.update({uris[name]: text for name, text in texts.items()})
    editor.versions.update(dict.fromkeys(uris.values(), 0))
    editor.notify(types.NOTEBOOK_DOCUMENT_DID_OPEN, types.DidOpenNotebookDocumentParams(notebook, items))
    (problem,) = editor.problems(uris["three"])
    assert editor.text_at(uris["three"], problem.range) == "1568"
    assert editor.news(uris["one"]) == []
    assert "return self.fc(x)" in editor.hints(uris["three"]) and editor.hints(uris["one"]) == {}
    assert "28 + 2×1" in editor.hover(uris["three"], "conv1(x)")

    (edit,) = editor.actions(uris["three"], "1568", "source.fixAll").values()
    assert edit.edit is not None and edit.edit.changes is not None
    ((place, (change,)),) = edit.edit.changes.items()
    assert place == uris["three"] and change.new_text == "        self.fc = nn.Linear(3136, 10)\n"
    change = types.TextDocumentContentChangePartial(editor.range(uris["three"], "1568"), "3136")
    text = types.NotebookDocumentCellContentChanges(
        types.VersionedTextDocumentIdentifier(1, uris["three"]), [change]
    )
    editor.versions[uris["three"]] = 1
    editor.notify(
        types.NOTEBOOK_DOCUMENT_DID_CHANGE,
        types.DidChangeNotebookDocumentParams(
            types.VersionedNotebookDocumentIdentifier(2, notebook.uri),
            types.NotebookDocumentChangeEvent(cells=types.NotebookDocumentCellChanges(text_content=[text])),
        ),
    )
    assert editor.problems(uris["three"]) == []


def test_a_client_that_cannot_be_told_gets_its_first_hints_all_the_same(tmp_path: Path) -> None:
    with Editor(tmp_path, capabilities=types.ClientCapabilities()) as editor:
        uri = editor.open("net.py", BROKEN)
        assert "return self.fc(x)" in editor.hints(uri)
        assert "apply all safe fixes of cnnlint" not in editor.actions(uri, "1568")
        (action,) = editor.actions(uri, "1568", "source.fixAll.cnnlint").values()
        editor.apply(action.edit)
        assert editor.texts[uri] == NET
