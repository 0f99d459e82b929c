"""Distances."""

from __future__ import annotations

from .. import functional as F
from .utils import layer

PairwiseDistance = layer(
    "PairwiseDistance",
    lambda self, x1, x2: F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim),
    __name__,
)
PairwiseDistance.norm = property(lambda self: self.p)
CosineSimilarity = layer(
    "CosineSimilarity", lambda self, x1, x2: F.cosine_similarity(x1, x2, self.dim, self.eps), __name__
)
