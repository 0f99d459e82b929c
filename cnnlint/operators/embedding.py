"""Embeddings: rows of a table, one for each index or summed up over bags."""

from __future__ import annotations

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.indexing import axes_count, wrong_index
from cnnlint.operators.promotion import promote


class Embedding(Operator):
    """embedding: a row of `weight` [num_embeddings, embedding_dim] for each index."""

    kind = "embedding"

    def refuse(self, bound: Bound) -> Refusal | None:
        weight, padding = bound["weight"], bound["padding_idx"]
        if weight.rank != 2:
            return Refusal(
                "rank",
                f"{self.name} takes a weight [num_embeddings, embedding_dim], "
                f"but it has {axes_count(weight.rank)}",
                "weight",
                expected=2,
                actual=weight.rank,
                operand="weight",
            )
        rows = weight.shape[0]
        if padding is not None and not -rows <= padding < rows:
            return Refusal(
                "argument",
                f"{self.layers[0]}'s padding_idx must be between {-rows} and {rows - 1}, not {padding}",
                "padding_idx",
                actual=padding,
                operand=None,
                exception="AssertionError",
            )
        return wrong_index(self.layers[0], self.indices(bound), "input") or self.wrong(bound)

    def indices(self, bound: Bound) -> TensorSpec:
        """The indices in the dtype that is read."""
        return bound["input"]

    def wrong(self, bound: Bound) -> Refusal | None:
        """The refusal of what only some embeddings have."""
        return None

    def output(self, bound: Bound) -> Output:
        weight = bound["weight"]
        return TensorSpec((*bound["input"].shape, weight.shape[-1]), weight.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        result = self.output(bound) if bound["weight"].rank else bound["input"]
        assert isinstance(result, TensorSpec)
        return result

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (frozenset(axis for axis in bound["input"].uncertain if axis < outputs[0].rank - 1),)


class EmbeddingBag(Embedding):
    """embedding_bag: the sum, mean or maximum of the rows of each bag; bags are the rows of a 2-D
    input, or begin at `offsets` in a 1-D one."""

    def indices(self, bound: Bound) -> TensorSpec:
        """Indices and offsets are brought to one dtype."""
        data, offsets = bound["input"], bound["offsets"]
        return data if offsets is None else data.like(dtype=promote(data.dtype, offsets.dtype))

    def wrong(self, bound: Bound) -> Refusal | None:
        data, offsets, mode, samples = (
            bound[name] for name in ("input", "offsets", "mode", "per_sample_weights")
        )
        if data.rank not in (1, 2):
            return Refusal(
                "rank",
                f"EmbeddingBag takes [bags, indices] or [indices] with offsets, "
                f"but the input has {axes_count(data.rank)}",
                expected=2,
                actual=data.rank,
                exception="ValueError",
            )
        if (data.rank == 1) != (offsets is not None) or (offsets is not None and offsets.rank != 1):
            text = "needs offsets [bags]" if data.rank == 1 else "takes no offsets"
            return Refusal(
                "argument",
                f"EmbeddingBag {text} for an input with {axes_count(data.rank)}",
                "offsets",
                operand="offsets" if offsets is not None else "input",
                exception="ValueError",
            )
        if mode not in ("sum", "mean", "max"):
            return Refusal(
                "argument",
                f"EmbeddingBag's mode is 'sum', 'mean' or 'max', not {mode!r}",
                "mode",
                operand=None,
                exception="ValueError",
            )
        if mode == "max" and (bound["scale_grad_by_freq"] or bound["sparse"]):
            name = "scale_grad_by_freq" if bound["scale_grad_by_freq"] else "sparse"
            return Refusal(
                "argument", f"EmbeddingBag with mode='max' does not take {name}", name, operand=None
            )
        if samples is None:
            return None
        if mode != "sum":
            return Refusal(
                "argument", "EmbeddingBag takes per_sample_weights only with mode='sum'", "mode", operand=None
            )
        if samples.shape != data.shape:
            return Refusal(
                "merge",
                f"EmbeddingBag needs per_sample_weights of the input's shape {list(data.shape)}, "
                f"but they are {list(samples.shape)}",
                "per_sample_weights",
                operand="per_sample_weights",
                exception="ValueError",
            )
        if samples.dtype != bound["weight"].dtype:
            return Refusal(
                "dtype",
                f"EmbeddingBag has weights of {bound['weight'].dtype}, "
                f"but per_sample_weights are {samples.dtype}",
                "per_sample_weights",
                operand="per_sample_weights",
            )
        return None

    def output(self, bound: Bound) -> Output:
        data, weight, offsets = bound["input"], bound["weight"], bound["offsets"]
        bags = data.shape[0] if data.rank else 1
        if offsets is not None and offsets.rank == 1:
            bags = offsets.shape[0] - bool(bound["include_last_offset"])
        return TensorSpec((bags, weight.shape[-1]), weight.dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        source = bound["input"] if bound["offsets"] is None else bound["offsets"]
        return (source.uncertain & {0},)


OPERATORS: list[Operator] = [
    Embedding(
        "embedding",
        ("torch.nn.functional.embedding",),
        "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
        "sparse=False",
        ("Embedding",),
    ),
    EmbeddingBag(
        "embedding_bag",
        ("torch.nn.functional.embedding_bag",),
        "input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode='mean', "
        "sparse=False, per_sample_weights=None, include_last_offset=False, padding_idx=None",
        ("EmbeddingBag",),
    ),
]
