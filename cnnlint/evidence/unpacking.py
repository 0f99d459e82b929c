"""How `forward` takes its inputs apart: `b, t, c, h, w = x.shape` says their rank and their axes' order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cnnlint.source.names import FunctionDef

BATCH = frozenset("b n bs bsz batch batch_size batchsize nb num_samples _".split())
"""Names of the first axis."""

EINOPS = frozenset({"rearrange", "reduce", "repeat"})


def axis_names(forward: FunctionDef) -> dict[str, tuple[str, ...]]:
    """The names of the axes behind the batch, by the names of the parameters, in small letters. Parameters
    that are not taken apart before they are assigned anew, or whose first axis is not the batch, are not
    there."""
    parameters = {item.arg for item in (*forward.args.args, *forward.args.kwonlyargs)}
    found: dict[str, tuple[str, ...]] = {}
    for statement in forward.body:
        for name, axes in _taken_apart(statement):
            if name in parameters and axes[0] in BATCH:
                found.setdefault(name, axes[1:])
        parameters -= {
            node.id
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        }
    return found


def _taken_apart(statement: ast.stmt) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(tensor, axes) of what a statement unpacks or rearranges."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign):
            (target, *_), tensor = node.targets, _sized(node.value)
            if isinstance(target, ast.Tuple) and tensor and all(_is_name(item) for item in target.elts):
                yield tensor, tuple(item.id.lower() for item in target.elts)  # type: ignore[attr-defined]
        elif isinstance(node, ast.Call) and len(node.args) > 1:
            function = (
                node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            )
            first, pattern = node.args[:2]
            written = pattern.value if isinstance(pattern, ast.Constant) else None
            if function in EINOPS and isinstance(first, ast.Name) and isinstance(written, str):
                axes = re.sub(r"\(.*?\)", "_", written.partition("->")[0]).split()
                if axes and all(axis.isidentifier() for axis in axes):
                    yield first.id, tuple(axis.lower() for axis in axes)


def _sized(value: ast.expr) -> str | None:
    """`x` for `x.shape` and `x.size()`."""
    if isinstance(value, ast.Call) and not value.args and not value.keywords:
        value = value.func if isinstance(value.func, ast.Attribute) and value.func.attr == "size" else value
    elif not (isinstance(value, ast.Attribute) and value.attr == "shape"):
        return None
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
        return value.value.id
    return None


def _is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Name)
