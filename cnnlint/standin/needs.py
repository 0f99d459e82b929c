"""What the stand-in has not, and therefore asks torch for."""

from __future__ import annotations


class NeedsTorch(BaseException):
    """Something that only the real torch can tell: an attribute or operator that is not here, a value, the
    words of an exception. A BaseException, so that no `except Exception` of the file's hides it; those that
    something else hides are in `wanted`.

    Args:
        what: a name of torch's, or what is asked for, in words.
    """

    def __init__(self, what: str):
        super().__init__(what)
        wanted.append(what)


wanted: list[str] = []
"""What has been asked for in this process."""
