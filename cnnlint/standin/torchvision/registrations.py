"""The modules that register torchvision's operators with torch: nothing is registered."""

from __future__ import annotations


def _register_custom_op() -> None:
    return None
