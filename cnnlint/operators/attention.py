"""Attention: softmax(query × keyᵀ) × value, alone or with its projections and heads.

`scaled_dot_product_attention` takes query [*, L, E], key [*, S, E] and value [*, S, Ev].
`multi_head_attention_forward`, which is nn.MultiheadAttention, takes query [L, N, embed_dim], key and
value [S, N, …]; unbatched without N. (batch_first is the layer's own transposition before and after.)
"""

from __future__ import annotations

from math import prod
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast
from cnnlint.operators.layout import preserved
from cnnlint.operators.promotion import is_float, promote
from cnnlint.traces import Shape

_LAYER = "MultiheadAttention"


class MultiHeadAttention(Operator):
    """Gives the output [L, N, embed_dim] and the weights [N, L, S] (per head [N, heads, L, S]), or None."""

    kind = "attention"

    def __init__(self) -> None:
        super().__init__(
            "multi_head_attention_forward",
            ("torch.nn.functional.multi_head_attention_forward",),
            "query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, "
            "add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, "
            "need_weights=True, attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None, "
            "k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None, "
            "average_attn_weights=True, is_causal=False",
            (_LAYER,),
        )

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        if bound["static_k"] is not None or bound["static_v"] is not None:
            return None
        return (
            self._wrong_rank(bound)
            or self._wrong_embedding(bound)
            or self._wrong_lengths(bound)
            or self._wrong_dtype(bound)
            or self._wrong_masks(bound)
        )

    def _wrong_rank(self, bound: Bound) -> Refusal | None:
        rank = bound["query"].rank
        if rank not in (2, 3):
            axes = "1 axis" if rank == 1 else f"{rank} axes"
            return Refusal(
                "rank",
                f"{_LAYER} takes [batch, length, embed_dim] or [length, embed_dim], but the query has {axes}",
                "query",
                expected=3,
                actual=rank,
                operand="query",
                exception="AssertionError",
            )
        for name in ("key", "value"):
            if bound[name].rank != rank:
                return Refusal(
                    "rank",
                    f"{_LAYER} takes a {name} with as many axes as the query, {rank}, "
                    f"but it has {bound[name].rank}",
                    name,
                    expected=rank,
                    actual=bound[name].rank,
                    operand=name,
                    exception="AssertionError",
                )
        return None

    def _wrong_embedding(self, bound: Bound) -> Refusal | None:
        """Features of query, key and value against embed_dim, kdim and vdim."""
        query, expected, heads = bound["query"], bound["embed_dim_to_check"], bound["num_heads"]
        if query.shape[-1] != expected:
            return self._features("query", query, expected, "embed_dim")
        if heads < 1 or expected % heads:
            return Refusal(
                "argument",
                f"{_LAYER}'s embed_dim {expected} is not divisible by num_heads {heads}",
                "num_heads",
                expected=expected,
                actual=heads,
                operand=None,
                exception="AssertionError",
            )
        separate = bound["use_separate_proj_weight"]
        for name, dim in (("key", "kdim"), ("value", "vdim")):
            weight = bound[f"{name[0]}_proj_weight"] if separate else bound["in_proj_weight"]
            if weight is not None and bound[name].shape[-1] != weight.shape[1]:
                return self._features(name, bound[name], weight.shape[1], dim if separate else "embed_dim")
        return None

    def _features(self, name: str, spec: TensorSpec, expected: int, argument: str) -> Refusal:
        actual = spec.shape[-1]
        return Refusal(
            "features",
            f"{_LAYER} expects {expected} features, but the {name} has {actual} ({argument} is {expected})",
            argument,
            expected=expected,
            actual=actual,
            operand=name,
            axes=((name, spec.rank - 1),),
            exception="AssertionError",
        )

    def _wrong_lengths(self, bound: Bound) -> Refusal | None:
        """Key and value go together position by position, and with the query sample by sample."""
        query, key, value = bound["query"], bound["key"], bound["value"]
        if key.shape[:-1] != value.shape[:-1]:
            axis = next(at for at in range(key.rank) if key.shape[at] != value.shape[at])
            return Refusal(
                "merge",
                f"{_LAYER} needs a value for each key, but axis {axis} is {key.shape[axis]} in the key "
                f"and {value.shape[axis]} in the value",
                "value",
                expected=key.shape[axis],
                actual=value.shape[axis],
                operand="value",
                axes=(("key", axis), ("value", axis)),
                exception="AssertionError",
            )
        if key.rank == 3 and key.shape[1] != query.shape[1]:
            return Refusal(
                "merge",
                f"{_LAYER} needs the same batch in query and key, but axis 1 is {query.shape[1]} "
                f"in the query and {key.shape[1]} in the key",
                "key",
                expected=query.shape[1],
                actual=key.shape[1],
                operand="key",
                axes=(("query", 1), ("key", 1)),
            )
        return None

    def _wrong_dtype(self, bound: Bound) -> Refusal | None:
        dtype = bound["out_proj_weight"].dtype
        for name in ("query", "key", "value"):
            if bound[name].dtype != dtype:
                return Refusal(
                    "dtype",
                    f"{_LAYER} has weights of {dtype}, but the {name} is {bound[name].dtype}",
                    expected=dtype,
                    actual=bound[name].dtype,
                    operand=name,
                )
        return None

    def _wrong_masks(self, bound: Bound) -> Refusal | None:
        query, key = bound["query"], bound["key"]
        mask, padding = bound["attn_mask"], bound["key_padding_mask"]
        batched = query.rank == 3
        length, source = query.shape[0], key.shape[0]
        batch = query.shape[1] if batched else 1
        if bound["is_causal"] and mask is None:
            return Refusal(
                "argument",
                f"{_LAYER} with is_causal=True needs attn_mask too: "
                "nn.Transformer.generate_square_subsequent_mask makes one",
                "attn_mask",
                operand=None,
            )
        dropped = bound["is_causal"] and padding is None and not bound["need_weights"]
        for name, given in (("key_padding_mask", padding), ("attn_mask", None if dropped else mask)):
            if given is not None and given.dtype != "bool" and not is_float(given.dtype):
                return Refusal(
                    "dtype",
                    f"{_LAYER} takes a {name} of bools or floats, not {given.dtype}",
                    name,
                    operand=name,
                    exception="AssertionError",
                )
        if mask is not None and not (dropped and mask.rank in ((2, 3) if batched else (2,))):
            wanted: Shape = (
                (batch * bound["num_heads"], length, source) if mask.rank == 3 else (length, source)
            )
            if mask.shape != wanted:
                return self._wrong_mask("attn_mask", mask, wanted)
        if padding is not None:
            wanted = (batch, source) if batched else (source,)
            if padding.shape != wanted:
                return self._wrong_mask("key_padding_mask", padding, wanted)
        return self._wrong_mask_dtype(bound, dropped)

    def _wrong_mask(self, name: str, mask: TensorSpec, wanted: Shape) -> Refusal:
        meaning = (
            "batch × heads, query length, key length" if len(wanted) == 3 else "query length, key length"
        )
        if name == "key_padding_mask":
            meaning = "batch, key length" if len(wanted) == 2 else "key length"
        axes = tuple(
            (name, at) for at in range(mask.rank) if mask.rank == len(wanted) and mask.shape[at] != wanted[at]
        )
        return Refusal(
            "merge",
            f"{_LAYER} expects {name} to be {list(wanted)} ({meaning}), but it is {list(mask.shape)}",
            name,
            expected=wanted,
            actual=mask.shape,
            operand=name,
            axes=axes,
        )

    def _wrong_mask_dtype(self, bound: Bound, dropped: bool) -> Refusal | None:
        """Masks are added to the scores, both together in the query's dtype."""
        dtype = bound["query"].dtype
        given = [bound["key_padding_mask"], None if dropped else bound["attn_mask"]]
        added: str | None = None
        for mask in given:
            if mask is not None:
                added = promote(added, dtype if mask.dtype == "bool" else mask.dtype)
        if added in (None, dtype):
            return None
        return Refusal(
            "dtype",
            f"{_LAYER} adds its mask to scores of {dtype}, but the mask is {added}",
            "attn_mask" if given[1] is not None else "key_padding_mask",
            expected=dtype,
            actual=added,
            operand="attn_mask" if given[1] is not None else "key_padding_mask",
        )

    # -- what comes out

    def source_length(self, bound: Bound) -> int:
        """The keys that a query sees, with those that the layer adds."""
        return bound["key"].shape[0] + (bound["bias_k"] is not None) + bool(bound["add_zero_attn"])

    def output(self, bound: Bound) -> Output:
        if bound["static_k"] is not None or bound["static_v"] is not None:
            raise NotImplementedError("keys and values given ready-made")
        return self._result(bound)

    def _result(self, bound: Bound) -> tuple[TensorSpec | None, ...]:
        query = bound["query"]
        result = TensorSpec((*query.shape[:-1], bound["out_proj_weight"].shape[0]), query.dtype)
        if not bound["need_weights"]:
            return result, None
        heads = () if bound["average_attn_weights"] else (bound["num_heads"],)
        scores = (*heads, query.shape[0], self.source_length(bound))
        return result, TensorSpec((query.shape[1], *scores) if query.rank == 3 else scores, query.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """embed_dim features, but where the query has others, what it is added to may have those."""
        query = bound["query"]
        if query.rank in (2, 3) and bound["key"].rank:
            result, *weights = self._result(bound)
            assert result is not None
            if result.shape[-1] != query.shape[-1]:
                result = TensorSpec(result.shape, result.dtype, None, frozenset({query.rank - 1}))
            return result, *weights
        unsure = frozenset(range(1, query.rank - 1))
        shape = (*query.shape[:-1], bound["out_proj_weight"].shape[0])
        return TensorSpec(shape, query.dtype, None, unsure), None

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        query, key = bound["query"], bound["key"]
        result = query.uncertain - {query.rank - 1}
        if len(outputs) == 1:
            return (result,)
        rank = outputs[1].rank
        scores = {rank - 2} if 0 in query.uncertain else set()
        if query.rank == 3 and 1 in query.uncertain:
            scores.add(0)
        if 0 in key.uncertain:
            scores.add(rank - 1)
        return result, frozenset(scores)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        found = super().attributes(bound)
        found["embed_dim"] = found.pop("embed_dim_to_check")
        return found

    def macs(self, bound: Bound) -> int:
        """The projections of query, key and value, the scores, the weighted sum, the output's projection."""
        query, key = bound["query"], bound["key"]
        width = bound["embed_dim_to_check"]
        batch = query.shape[1] if query.rank == 3 else 1
        length, source = query.shape[0], key.shape[0]
        projections = width * (length * width + source * (key.shape[-1] + bound["value"].shape[-1]))
        scores = 2 * length * self.source_length(bound) * width
        return batch * (projections + scores + length * prod(bound["out_proj_weight"].shape))


class ScaledDotProductAttention(Operator):
    """Gives [*, L, Ev]; the leading axes (batch, heads) broadcast."""

    kind = "attention"

    def __init__(self) -> None:
        super().__init__(
            "scaled_dot_product_attention",
            ("torch.nn.functional.scaled_dot_product_attention",),
            "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False",
        )

    def leading(self, bound: Bound) -> Shape | None:
        """The broadcast axes before length and features; None where they do not fit."""
        shapes = [bound[name].shape[:-2] for name in ("query", "key", "value")]
        if bound["enable_gqa"]:
            heads = shapes[0][-1:]
            shapes[1:] = [(*shape[:-1], *heads) for shape in shapes[1:]]
        return broadcast(shapes)

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            self._wrong_rank(bound)
            or self._wrong_dtype(bound)
            or self._wrong_sizes(bound)
            or self._wrong_leading(bound)
            or self._wrong_mask(bound)
        )

    def _wrong_rank(self, bound: Bound) -> Refusal | None:
        least = 3 if bound["enable_gqa"] else 2
        for name in ("query", "key", "value"):
            rank = bound[name].rank
            if rank < least:
                axes = "1 axis" if rank == 1 else f"{rank} axes"
                layout = "[*, heads, length, features]" if least == 3 else "[*, length, features]"
                return Refusal(
                    "rank", f"{self.name} takes {layout}, but the {name} has {axes}", name, operand=name
                )
        return None

    def _wrong_dtype(self, bound: Bound) -> Refusal | None:
        query = bound["query"]
        for name in ("key", "value"):
            if bound[name].dtype != query.dtype:
                return Refusal(
                    "dtype",
                    f"{self.name} needs one dtype, but the query is {query.dtype} "
                    f"and the {name} {bound[name].dtype}",
                    name,
                    expected=query.dtype,
                    actual=bound[name].dtype,
                    operand=name,
                )
        if not is_float(query.dtype):
            return Refusal("dtype", f"{self.name} takes floats, not {query.dtype}", "query", operand="query")
        mask = bound["attn_mask"]
        if mask is not None and mask.dtype not in ("bool", "float32", query.dtype):
            return Refusal(
                "dtype",
                f"{self.name} takes a mask of bools or of the query's dtype, {query.dtype}, not {mask.dtype}",
                "attn_mask",
                expected=query.dtype,
                actual=mask.dtype,
                operand="attn_mask",
            )
        return None

    def _wrong_sizes(self, bound: Bound) -> Refusal | None:
        query, key, value = bound["query"], bound["key"], bound["value"]
        if query.shape[-1] != key.shape[-1]:
            return Refusal(
                "merge",
                f"{self.name} needs as many features in query and key, but the last axis "
                f"is {query.shape[-1]} in the query and {key.shape[-1]} in the key",
                "key",
                expected=query.shape[-1],
                actual=key.shape[-1],
                operand="key",
                axes=(("query", query.rank - 1), ("key", key.rank - 1)),
            )
        if key.shape[-2] != value.shape[-2]:
            return Refusal(
                "merge",
                f"{self.name} needs a value for each key, but there are {key.shape[-2]} keys "
                f"and {value.shape[-2]} values",
                "value",
                expected=key.shape[-2],
                actual=value.shape[-2],
                operand="value",
                axes=(("key", key.rank - 2), ("value", value.rank - 2)),
            )
        return None

    def _wrong_leading(self, bound: Bound) -> Refusal | None:
        query = bound["query"]
        if bound["enable_gqa"]:
            heads = query.shape[-3]
            for name in ("key", "value"):
                count = bound[name].shape[-3]
                if count < 1 or heads % count:
                    return Refusal(
                        "merge",
                        f"{self.name} needs the {name}'s heads to divide the query's, but there are "
                        f"{count} and {heads}",
                        name,
                        expected=heads,
                        actual=count,
                        operand=name,
                        axes=(("query", query.rank - 3), (name, bound[name].rank - 3)),
                    )
        if self.leading(bound) is not None:
            return None
        shapes = [list(bound[name].shape[:-2]) for name in ("query", "key", "value")]
        return Refusal(
            "merge",
            f"{self.name} needs the same batch and heads, but they are {shapes[0]} in the query, "
            f"{shapes[1]} in the key and {shapes[2]} in the value",
            "key",
            operand="key",
            axes=tuple(
                (name, axis) for name in ("query", "key", "value") for axis in range(bound[name].rank - 2)
            ),
        )

    def _wrong_mask(self, bound: Bound) -> Refusal | None:
        mask = bound["attn_mask"]
        if mask is None:
            return None
        if bound["is_causal"]:
            return Refusal(
                "argument",
                f"{self.name} takes attn_mask or is_causal=True, not both",
                "attn_mask",
                operand="attn_mask",
            )
        leading = self.leading(bound)
        scores = (*(leading or ()), bound["query"].shape[-2], bound["key"].shape[-2])
        if broadcast([scores, mask.shape]) == scores:
            return None
        return Refusal(
            "merge",
            f"{self.name} expects attn_mask to fit {list(scores)} (…, query length, key length), "
            f"but it is {list(mask.shape)}",
            "attn_mask",
            expected=scores,
            actual=mask.shape,
            operand="attn_mask",
            axes=(
                *(("attn_mask", axis) for axis in range(mask.rank)),
                ("query", bound["query"].rank - 2),
                ("key", bound["key"].rank - 2),
            ),
        )

    # -- what comes out

    def output(self, bound: Bound) -> Output:
        query, value = bound["query"], bound["value"]
        leading = self.leading(bound)
        assert leading is not None, "refused before"
        shape = (*leading, query.shape[-2], value.shape[-1])
        return TensorSpec(shape, query.dtype, preserved(query) if self._fused(bound) else None)

    def _fused(self, bound: Bound) -> bool:
        """Whether torch's fused kernels take it: they keep the query's memory order."""
        query, key, value = bound["query"], bound["key"], bound["value"]
        if not query.rank == key.rank == value.rank == 4 or query.shape[-1] != value.shape[-1]:
            return False
        heads = 1 if bound["enable_gqa"] else 2
        same = query.shape[:heads] == key.shape[:heads] == value.shape[:heads]
        return same and all(spec.strides is None or spec.strides[-1] == 1 for spec in (query, key, value))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """As long as the query and as wide as the value."""
        query, value = bound["query"], bound["value"]
        if query.rank < 2 or value.rank < 1:
            return query
        unsure = (
            frozenset(range(1, query.rank - 2))
            if refusal.operand == "key" and self.leading(bound) is None
            else frozenset()
        )
        return TensorSpec((*query.shape[:-1], value.shape[-1]), query.dtype, None, unsure)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        rank = outputs[0].rank
        axes: set[int] = set()
        for name in ("query", "key", "value"):
            spec = bound[name]
            kept = {"query": {spec.rank - 2}, "key": set(), "value": {spec.rank - 1}}[name]
            for axis in spec.uncertain:
                if axis < spec.rank - 2 or axis in kept:
                    axes.add(axis + rank - spec.rank)
        return (frozenset(axes),)

    def macs(self, bound: Bound) -> int:
        query, key, value = bound["query"], bound["key"], bound["value"]
        leading = self.leading(bound) or ()
        return prod(leading) * query.shape[-2] * key.shape[-2] * (query.shape[-1] + value.shape[-1])


OPERATORS: list[Operator] = [MultiHeadAttention(), ScaledDotProductAttention()]
