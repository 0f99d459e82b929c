"""The module `torch.hub`: nothing is downloaded."""

from __future__ import annotations

from typing import Any

from . import _missing


def load_state_dict_from_url(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {}


__getattr__ = _missing.attribute_of(__name__)
