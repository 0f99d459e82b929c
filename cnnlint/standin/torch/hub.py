"""The module `torch.hub`: nothing is downloaded."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlparse  # noqa: F401

from cnnlint.standin.needs import NeedsTorch

from . import _missing

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")


def load_state_dict_from_url(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {}


def get_dir() -> str:
    return os.path.join(_get_torch_home(), "hub")


def _get_torch_home() -> str:
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


def download_url_to_file(*args: Any, **kwargs: Any) -> None:
    raise NeedsTorch("torch.hub.download_url_to_file")


__getattr__ = _missing.attribute_of(__name__)
