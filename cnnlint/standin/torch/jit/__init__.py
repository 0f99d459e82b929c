"""The module `torch.jit`: what is scripted stays as it is, so that its operators are seen."""

from __future__ import annotations

from typing import Any

from .. import _missing
from ..nn.modules.module import Module


class ScriptModule(Module):
    """What a `ScriptModule` is here. A class of its own, since modules are asked whether they are one."""


class ScriptFunction:
    """None is made here."""


def script(target: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The identity, also as a decorator with arguments."""
    return script if target is None else target


script_if_tracing = _script_if_tracing = script_method = ignore = script
unused = export = _overload = _overload_method = script


class Final:
    def __class_getitem__(cls, item: Any) -> Any:
        return item


class Attribute:
    def __new__(cls, value: Any, type: Any = None) -> Any:
        return value


def annotate(the_type: Any, value: Any) -> Any:
    return value


def is_scripting() -> bool:
    return False


is_tracing = is_scripting


def isinstance(value: Any, target_type: Any) -> bool:
    import builtins

    return builtins.isinstance(value, target_type)


def save(*args: Any, **kwargs: Any) -> None:
    return None


__getattr__ = _missing.attribute_of(__name__)
