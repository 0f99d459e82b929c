"""Layers that move elements: fold."""

from .. import functional as F
from .utils import layer

Unfold = layer(
    "Unfold",
    lambda self, input: F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride),
    __name__,
)
Fold = layer(
    "Fold",
    lambda self, input: F.fold(
        input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
    ),
    __name__,
)
