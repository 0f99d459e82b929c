"""Exceptions as the trace and its problems tell of them."""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """The first line of an exception's own words."""
    return str(error).strip().partition("\n")[0]


def said(error: BaseException) -> str:
    """An exception in one line, with its type."""
    words = first_line(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
