"""The module `torch.distributions`: of it only the setting that needs no distribution."""

from __future__ import annotations

from cnnlint.standin.needs import NeedsTorch


class Distribution:
    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        return None

    def __init__(self) -> None:
        raise NeedsTorch("torch.distributions")

    def __init_subclass__(cls, **kwargs: object) -> None:
        raise NeedsTorch("a subclass of Distribution")


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    raise NeedsTorch(f"torch.distributions.{name}")
