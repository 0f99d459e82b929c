"""The module `torch.special`, as far as it is described."""

from __future__ import annotations

import sys

from . import _missing

globals().update(vars(sys.modules[__package__]._SPECIAL))  # type: ignore[attr-defined]
__getattr__ = _missing.attribute_of(__name__)
