"""The module `torch._dynamo.utils`."""

from __future__ import annotations


def is_compile_supported(device_type: str) -> bool:
    return False
