"""Bytes to text: encodings, syntax errors, notebooks."""

from __future__ import annotations

import ast
import json
import os

import pytest

from cnnlint.source.notebook import blank_magics
from cnnlint.source.reading import read, read_bytes, read_path


def notebook(*cells: tuple[str, str]) -> bytes:
    made = [
        {"cell_type": kind, "id": str(number), "metadata": {}, "source": source}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for number, (kind, source) in enumerate(cells)
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x = 1\n", "x = 1\n"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        ("# -*- coding: latin-1 -*-\ns = 'é'\n".encode("latin-1"), "# -*- coding: latin-1 -*-\ns = 'é'\n"),
        ("s = 'é'\r\n".encode(), "s = 'é'\r\n"),
        (b"", ""),
    ],
)
def test_decodes(data, text):
    file, problem = read_bytes(data, "a.py")
    assert problem is None
    assert file.text == text


@pytest.mark.parametrize(
    ("data", "message", "place"),
    [
        (b"x = 1\ns = '\xe9'\n", "byte 0xe9 is not valid in utf-8", (2, 6, 2, 7)),
        (b"x = 1\ny = \0\n", "the file has a null byte", (2, 5, 2, 6)),
        (
            b"# coding: klingon\n",
            "the file declares the encoding 'klingon', which Python does not know",
            (1, 1, 1, 18),
        ),
        (b"def f(:\n    pass\n", "invalid syntax", (1, 7, 1, 8)),
        ("é = $1\n".encode(), "invalid syntax", (1, 5, 1, 6)),
        (b"x = (1\n", "'(' was never closed", (1, 5, 1, 6)),
        (b"if x:\n", "expected an indented block after 'if' statement on line 1", (1, 6, 1, 6)),
        (b"class C:\n    return 3\n", "'return' outside function", (2, 5, 2, 13)),
        (b"def f(a, a): pass\n", "duplicate argument 'a' in function definition", (1, 10, 1, 11)),
    ],
)
def test_says_what_is_wrong_and_where(data, message, place):
    file, problem = read_bytes(data, "a.py")
    assert problem is not None
    assert problem.reason == "syntax-error"
    assert problem.message == message
    span = problem.span
    assert (span.row, span.column, span.end_row, span.end_column) == place
    assert file.lines  # the report shows the line


def test_code_nested_too_deeply_is_a_problem():
    _, problem = read_bytes(b"x = " + b"(" * 5000 + b")" * 5000, "a.py")
    assert problem is not None
    assert problem.reason == "syntax-error"


def test_what_cannot_be_read_is_a_problem(tmp_path):
    for path in (tmp_path, tmp_path / "missing.py"):
        _, problem = read(path)
        assert problem is not None
        assert problem.message.startswith("the file cannot be read: ")
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)  # reading it would wait for ever
    assert read(pipe).problem is not None


def test_imported_modules_raise(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("def f(:\n")
    with pytest.raises(SyntaxError):
        read_path(path, "a.py")
    with pytest.raises(OSError):
        read_path(tmp_path, "a.py")


def test_joins_cells_and_keeps_their_rows():
    data = notebook(
        ("markdown", "# Title"),
        ("code", "%matplotlib inline\nimport torch"),
        ("code", "%%bash\nrm -rf /"),
        ("code", "!pip install timm \\\n  --quiet\nx = 3\nx?"),
    )
    file, problem = read_bytes(data, "a.ipynb")
    assert problem is None
    assert file.lines[:8] == ["pass", "import torch", "", "", "pass", "", "x = 3", "pass"]
    assert file.cells == ((2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3), (4, 4))
    place = file.place(file.byte_span(7, 0, 7, 1))
    assert (place.cell, place.row, place.column) == (4, 3, 1)


def test_a_syntax_error_in_a_notebook_has_its_cell():
    file, problem = read_bytes(notebook(("code", "x = 1"), ("code", "y = 2\ndef f(:")), "a.ipynb")
    assert problem is not None
    place = file.place(problem.span)
    assert (place.cell, place.row, place.column) == (2, 2, 7)


@pytest.mark.parametrize("data", [b"not json", b"{}", b"[]", b'{"cells": 3}', b"\xff"])
def test_what_is_no_notebook_is_a_problem(data):
    _, problem = read_bytes(data, "a.ipynb")
    assert problem is not None
    assert problem.reason == "syntax-error"


@pytest.mark.parametrize(
    ("cell", "blanked"),
    [
        ("x = (7\n     % 2)", "x = (7\n     % 2)"),
        ('s = """\n%d\n!"""', 's = """\n%d\n!"""'),
        ("if x:\n    !ls\n    %cd ..", "if x:\n    pass\n    pass"),
        ("files = !ls", "files = []"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%writefile a.py\nx = 1", "\n"),
        ("?print", "pass"),
    ],
)
def test_blanks_magics_only(cell, blanked):
    assert blank_magics(cell.split("\n")) == blanked.split("\n")


@pytest.mark.parametrize(
    ("cell", "as_ipython_reads_it"),
    [
        ("  x = 1\n  def f():\n      return x", "x = 1\ndef f():\n    return x"),
        (" words = [(1, 2),\n          (3, 4)]", "words = [(1, 2),\n         (3, 4)]"),
        ("\n\tx = 1\n\tif x:\n\t\ty = 2", "\nx = 1\nif x:\n\ty = 2"),
        ("    x = [\n1]\n    y = 3", "x = [\n1]\ny = 3"),
        ("  %%time\n  x = 1", "\nx = 1"),
    ],
)
def test_the_indent_of_a_cells_first_line_belongs_to_none(cell, as_ipython_reads_it):
    file, problem = read_bytes(notebook(("code", cell)), "a.ipynb")
    assert problem is None
    assert ast.dump(file.tree) == ast.dump(ast.parse(as_ipython_reads_it))
    first = next(line for line in cell.split("\n") if "=" in line)
    assert file.tree.body[0].col_offset == len(first) - len(first.lstrip())  # columns stay


def test_cells_are_compiled_one_by_one():
    book = notebook(("code", "import torch"), ("code", "from __future__ import annotations\nawait ready()"))
    assert read_bytes(book, "net.ipynb").problem is None
    _, problem = read_bytes(notebook(("code", "x = 1"), ("code", "break")), "net.ipynb")
    assert problem is not None
    assert (problem.message, problem.span.row) == ("'break' outside loop", 2)
