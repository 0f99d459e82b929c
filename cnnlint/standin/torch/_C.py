"""The part of torch that is compiled: of it only what stops the modes."""

from . import _missing
from ._loose import Generator
from .overrides import _Without as DisableTorchFunction
from .overrides import _Without as DisableTorchFunctionSubclass

__all__ = ["DisableTorchFunction", "DisableTorchFunctionSubclass", "Generator"]


def __getattr__(name: str) -> object:
    from cnnlint.standin.needs import NeedsTorch

    if name.startswith("__"):
        raise AttributeError(name)
    raise NeedsTorch(f"torch._C.{name}")


del _missing
