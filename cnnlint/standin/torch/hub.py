"""The module `torch.hub`: nothing is downloaded."""

from __future__ import annotations

import os
from typing import Any

from . import _missing


def load_state_dict_from_url(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {}


def get_dir() -> str:
    return os.path.join(_get_torch_home(), "hub")


def _get_torch_home() -> str:
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


__getattr__ = _missing.attribute_of(__name__)
