"""The part of torch that is compiled: of it only what stops the modes."""

from ._loose import Generator
from .overrides import _Without as DisableTorchFunction
from .overrides import _Without as DisableTorchFunctionSubclass

__all__ = ["DisableTorchFunction", "DisableTorchFunctionSubclass", "Generator"]


def _log_api_usage_once(event: str) -> None:
    return None


def __getattr__(name: str) -> object:
    from cnnlint.standin.needs import NeedsTorch

    if name.startswith("__"):
        raise AttributeError(name)
    raise NeedsTorch(f"torch._C.{name}")
