"""A tensor as the box that pictures of networks draw: channels wide, height high, width deep."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlint.analyses.axes import BATCH, axis_provenance, roles
from cnnlint.graph import Trace, product


@dataclass(frozen=True, slots=True)
class Volume:
    """What one sample takes in a tensor.

    Attributes:
        channels: the product of all axes that are neither the batch nor spatial.
        height, width: the last two spatial axes; 1 where there are none.
        spatial: whether there is a spatial axis at all.
        label: `64×14×14`, with all axes of a sample in their own order.
    """

    channels: int
    height: int
    width: int
    spatial: bool
    label: str


def volume(trace: Trace, id: int) -> Volume:
    """The volume of a tensor of a pass."""
    tensor = trace.tensor(id)
    axes = axis_provenance(trace).get(id, ())
    sizes, channels, spatial = [], [], []
    batch = False
    for index, size in enumerate(tensor.shape):
        descent = roles(axes[index]) if index < len(axes) else frozenset()
        if not batch and (BATCH in descent or size == trace.run.batch):
            batch = True
            continue
        shown = "?" if index in tensor.uncertain else trace.show_size(size)
        sizes.append(shown)
        if descent and all(isinstance(role, int) for role in descent):
            spatial.append(size)
        else:
            channels.append(size)
    height, width = [1, 1, *spatial][-2:] if len(spatial) != 1 else (spatial[0], 1)
    return Volume(product(tuple(channels)), height, width, bool(spatial), "×".join(sizes) or "scalar")
