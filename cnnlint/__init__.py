"""cnnlint, the CNN architecture shape and parameter linter for PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlint.api import assert_clean, lint, trace

__version__ = "0.1.0"

__all__ = ["__version__", "assert_clean", "lint", "trace"]


def __getattr__(name: str) -> Any:
    """What `cnnlint.api` offers, imported as it is asked for: the command needs none of it."""
    if name in __all__:
        from cnnlint import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
