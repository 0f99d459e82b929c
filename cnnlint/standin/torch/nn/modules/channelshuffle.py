"""Layers that move elements: channelshuffle."""

from .. import functional as F
from .utils import layer

ChannelShuffle = layer(
    "ChannelShuffle",
    lambda self, input: F.channel_shuffle(input, self.groups),
    __name__,
)
