"""The named tuples in which operators with several results give them."""

from __future__ import annotations

from typing import Any


def _named(name: str, fields: str) -> Any:
    names = fields.split()

    def __new__(cls: Any, values: Any) -> Any:
        return tuple.__new__(cls, values)

    def __repr__(self: Any) -> str:
        parts = ",\n".join(f"{field}={value}" for field, value in zip(names, self, strict=True))
        return f"torch.return_types.{name}(\n{parts})"

    attributes: dict[str, Any] = {
        field: property(lambda self, at=at: tuple.__getitem__(self, at)) for at, field in enumerate(names)
    }
    return type(
        name, (tuple,), {"__new__": __new__, "__repr__": __repr__, "n_fields": len(names), **attributes}
    )


max = _named("max", "values indices")
min = _named("min", "values indices")
median = _named("median", "values indices")
nanmedian = _named("nanmedian", "values indices")
mode = _named("mode", "values indices")
sort = _named("sort", "values indices")
topk = _named("topk", "values indices")
kthvalue = _named("kthvalue", "values indices")
cummax = _named("cummax", "values indices")
cummin = _named("cummin", "values indices")
aminmax = _named("aminmax", "min max")
