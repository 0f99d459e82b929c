"""The sources of a notebook's cells, changed in its JSON text: every other character stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def edit_cells(text: str, edit: Callable[[int, str], str]) -> str:
    """The notebook with the source of each code cell as `edit` makes it, from the cell's number (from 1)
    and its source. What is written is in the form that was there: one string, or one for each line.

    Raises:
        ValueError: it is no notebook of format 4.
    """
    pieces = []
    done = 0
    for number, (start, end) in enumerate(_code_sources(text), start=1):
        if start == end:
            continue
        written = json.loads(text[start:end])
        old = written if isinstance(written, str) else "".join(written)
        new = edit(number, old)
        if new != old:
            raw = text[start:end]
            ascii_only = text.isascii() and "\\u" in text
            made = (
                _list(raw, new, ascii_only)
                if isinstance(written, list)
                else json.dumps(new, ensure_ascii=ascii_only)
            )
            pieces += [text[done:start], made]
            done = end
    return "".join([*pieces, text[done:]])


def _code_sources(text: str) -> Iterator[tuple[int, int]]:
    """Where the source of each cell stands; (0, 0) for a cell without code."""
    for key, start, _ in _members(text, _skip(text, 0)):
        if key != "cells":
            continue
        for cell, _ in _elements(text, start):
            places = {name: (begin, end) for name, begin, end in _members(text, cell)}
            kind = places.get("cell_type")
            is_code = kind is not None and json.loads(text[slice(*kind)]) == "code"
            yield places.get("source", (0, 0)) if is_code else (0, 0)
        return
    raise ValueError("not a notebook of format 4")


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """The members of an object: the name, and where the value starts and ends."""
    at = _skip(text, start + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        value = _skip(text, _skip(text, at) + 1)  # behind the colon
        _, at = _DECODER.raw_decode(text, value)
        yield name, value, at
        at = _behind_comma(text, at)


def _elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where the elements of an array start and end."""
    at = _skip(text, start + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _behind_comma(text, end)


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _behind_comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _list(raw: str, source: str, ascii_only: bool) -> str:
    """An array of lines, laid out as the old one; lines that stay are written as they were."""
    places = list(_elements(raw, 0))
    old = {json.loads(raw[start:end]): raw[start:end] for start, end in places}
    lines = [old.get(line) or json.dumps(line, ensure_ascii=ascii_only) for line in _lines(source)]
    if not places:
        return f"[{', '.join(lines)}]"
    opening, closing = raw[: places[0][0]], raw[places[-1][1] :]
    between = raw[places[0][1] : places[1][0]] if len(places) > 1 else "," + (opening[1:] or " ")
    return opening + between.join(lines) + closing


def _lines(source: str) -> list[str]:
    return re.findall("[^\n]*\n|[^\n]+$", source)
