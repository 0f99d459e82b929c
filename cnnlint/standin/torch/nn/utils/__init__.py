"""The module `torch.nn.utils`."""

from __future__ import annotations

from typing import Any

from cnnlint.standin.needs import NeedsTorch

from ... import _missing


def clip_grad_norm_(parameters: Any, max_norm: float, *args: Any, **kwargs: Any) -> Any:
    raise NeedsTorch("torch.nn.utils.clip_grad_norm_")


def clip_grad_value_(parameters: Any, clip_value: float, *args: Any, **kwargs: Any) -> None:
    return None


_LAZY = ("weight_norm", "remove_weight_norm", "spectral_norm", "remove_spectral_norm")
_attribute = _missing.attribute_of(__name__, "fusion parametrizations parametrize prune rnn stateless")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from . import _norms

        return getattr(_norms, name)
    return _attribute(name)
