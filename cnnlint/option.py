"""The options of a rule: numbers and words that a project may set otherwise."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")

KINDS: dict[type, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    tuple: "a list of strings",
}


class Option(Generic[Value]):
    """A setting of a rule, declared in the rule's class and read as an attribute of the rule:

        growth = Option(4, "how many times the channels may grow in one convolution", least=1)

    In configuration files its name is written with hyphens: `smallest-image` for `smallest_image`. Its
    type is that of the default: bool, int, float, str or tuple[str, ...].

    Attributes:
        meaning: for the user, in one line; shown by `cnnlint rule`.
        least, most: the range of a number, both ends allowed.
    """

    def __init__(
        self, default: Value, meaning: str, *, least: float | None = None, most: float | None = None
    ):
        self.default = default
        self.meaning = meaning
        self.least = least
        self.most = most
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name.replace("_", "-")

    @overload
    def __get__(self, rule: None, owner: type) -> Option[Value]: ...

    @overload
    def __get__(self, rule: Any, owner: type) -> Value: ...

    def __get__(self, rule: Any, owner: type) -> Any:
        return self if rule is None else rule.values.get(self.name, self.default)

    @property
    def expected(self) -> str:
        """What a value must be: `a number from 0 to 1`."""
        kind = KINDS[type(self.default)]
        if self.least is not None and self.most is not None:
            return f"{kind} from {self.least:g} to {self.most:g}"
        if self.least is not None:
            return f"{kind} of at least {self.least:g}"
        if self.most is not None:
            return f"{kind} of at most {self.most:g}"
        return kind

    def read(self, value: object) -> Value:
        """A value as it comes from a configuration file, in the option's type.

        Raises:
            ValueError: it has another type, or is out of range; the message says what it must be.
        """
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if (
            kind is tuple
            and isinstance(value, (list, tuple))
            and all(isinstance(item, str) for item in value)
        ):
            value = tuple(value)
        if type(value) is not kind or not self._in_range(value):
            raise ValueError(f"must be {self.expected}, not {shown(value)}")
        return value  # type: ignore[return-value]

    def _in_range(self, value: Any) -> bool:
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)


def shown(value: object) -> str:
    """A value as it is written in TOML, near enough for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return "a table"
    return f'"{value}"' if isinstance(value, str) else str(value)
