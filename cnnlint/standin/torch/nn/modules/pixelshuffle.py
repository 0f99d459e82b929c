"""Layers that move elements: pixelshuffle."""

from .. import functional as F
from .utils import layer

PixelShuffle = layer(
    "PixelShuffle",
    lambda self, input: F.pixel_shuffle(input, self.upscale_factor),
    __name__,
)
PixelUnshuffle = layer(
    "PixelUnshuffle",
    lambda self, input: F.pixel_unshuffle(input, self.downscale_factor),
    __name__,
)
