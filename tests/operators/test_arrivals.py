"""Every way in which people write an operator ends at a description.

torch delivers `1 - x` as `Tensor.__rsub__`, `nn.ReLU6` as `hardtanh`, `x.T` as a property's getter. Each
line here is run as a model would run it, and whatever torch delivers must be described, or ask a tensor
only about itself.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode, resolve_name

from cnnlint.operators import registry
from cnnlint.runtime.functions import operators, transparent
from tests.operators.against_torch import resolve

INPLACE = """
x += y; x -= y; x *= 2; x /= 2; x //= 2; x **= 2; x %= 2; mask &= mask; mask |= mask; mask ^= mask
x.add_(y); x.sub_(y); x.mul_(y); x.div_(2); x.pow_(2); x.clamp_(0, 1); x.clamp_(min=0); x.clip_(0, 1)
x.relu_(); x.sigmoid_(); x.tanh_(); torch.relu_(x); torch.sigmoid_(x); torch.tanh_(x); F.relu_(x)
F.relu(x, inplace=True); F.leaky_relu(x, 0.1, True); F.leaky_relu_(x); F.elu_(x); F.hardtanh_(x); F.selu_(x)
F.silu(x, inplace=True); F.mish(x, inplace=True); F.hardswish(x, inplace=True)
F.dropout(x, 0.5, True, True); x.exp_(); x.log_(); x.sqrt_(); x.neg_(); x.abs_(); x.floor_(); x.round_()
x.lerp_(y, 0.5); x.addcmul_(y, y); x.zero_(); x.fill_(1); x.copy_(y); x.normal_(); x.uniform_()
x.bernoulli_(); x.random_(); x.exponential_(); x.masked_fill_(mask, 0); x.scatter_(1, index, y)
x.index_add_(0, few, y); x.index_copy_(0, few, y); x.index_fill_(0, few, 0); x.tril_(); x.triu_()
x.cumsum_(1); x.squeeze_(); x.unsqueeze_(0); x.transpose_(0, 1); x[0] = 1; x[:, 0] = y[:, 0]; x[few] = 0
x[:, :1] += 1; x.detach_(); matrix.t_()
"""

OPERATORS = """
x + y; x + 1; 1 + x; x - y; 1 - x; x * 2; 2 * x; x / 2; 2 / x; x // 2; 2 // x; x % 2; x ** 2; 2 ** x
matrix @ matrix; -x; +x; abs(x); ~mask; mask & mask; mask | mask; mask ^ mask; index << 1; index >> 1
x == y; x != y; x < y; x <= 1; 1 < x; x > y; x >= y; sum([x, y]); sum([x, y]) / 2; x[0]; x[:, None]
x[..., 0]; x[:, 1:]; x[few]; x[:, [0, 1]]; x[:, few, :, None]; a, b = x; [row for row in x]
"""

MATHS = """
torch.add(x, y); x.add(y); torch.add(input=x, other=y); torch.sub(x, y, alpha=2); torch.mul(x, y); x.mul(y)
torch.div(x, y); torch.div(x, y, rounding_mode="floor"); torch.true_divide(x, y); torch.multiply(x, y)
torch.floor_divide(x, 2); torch.remainder(x, 2); torch.fmod(x, 2); torch.pow(x, 2); x.pow(2)
torch.pow(2, x); torch.exp(x); x.exp(); torch.log(x); x.log(); torch.sqrt(x); x.sqrt(); torch.rsqrt(x)
torch.square(x); x.abs(); torch.sin(x); torch.cos(x); torch.erf(x); torch.log1p(x); torch.expm1(x)
torch.sign(x); torch.reciprocal(x); torch.floor(x); torch.ceil(x); torch.round(x); torch.trunc(x)
torch.frac(x); torch.neg(x); torch.atan2(x, y); torch.maximum(x, y); torch.minimum(x, y); torch.max(x, y)
torch.min(x, y); torch.clamp(x, 0, 1); x.clamp(min=0); torch.clip(x, 0, 1); torch.where(mask, x, y)
torch.where(mask, x, 0.0); x.where(mask, y); torch.lerp(x, y, 0.5); torch.addcmul(x, y, y)
torch.addcdiv(x, y, y); torch.isnan(x); torch.isfinite(x); torch.logical_not(mask)
torch.logical_and(mask, mask); torch.eq(x, y); torch.ne(x, y); torch.gt(x, 0); x.ge(0); torch.isclose(x, y)
torch.nan_to_num(x); torch.hypot(x, y); torch.logaddexp(x, y); torch.rsub(x, 1); torch.special.expit(x)
torch.cumsum(x, 1); x.cumprod(1); torch.cummax(x, 1); torch.logcumsumexp(x, 1); torch.logit(x)
torch.angle(x); torch.complex(x, y); torch.polar(x, y); torch.view_as_real(torch.complex(x, y))
"""

ACTIVATIONS = """
F.relu(x); torch.relu(x); x.relu(); nn.ReLU()(x); nn.ReLU(inplace=True)(x); nn.ReLU6()(x); F.relu6(x)
nn.LeakyReLU()(x); nn.ELU()(x); nn.SELU()(x); nn.CELU()(x); nn.GELU()(x); F.gelu(x, approximate="tanh")
nn.SiLU()(x); nn.Mish()(x); nn.Hardswish()(x); nn.Hardsigmoid()(x); nn.Hardtanh()(x); nn.Softplus()(x)
nn.Softsign()(x); nn.Tanhshrink()(x); nn.Hardshrink()(x); nn.Softshrink()(x); nn.LogSigmoid()(x)
F.logsigmoid(x); nn.Threshold(0, 0)(x); nn.RReLU()(x); nn.PReLU(3)(x); nn.GLU(2)(x); nn.Tanh()(x); F.tanh(x)
torch.tanh(x); x.tanh(); nn.Sigmoid()(x); F.sigmoid(x); torch.sigmoid(x); x.sigmoid(); torch.selu(x)
torch.celu(x); nn.Softmax(1)(x); nn.Softmax2d()(x); F.softmax(x, dim=1); F.softmax(x); torch.softmax(x, 1)
x.softmax(-1); nn.LogSoftmax(1)(x); F.log_softmax(x, 1); x.log_softmax(1); torch.log_softmax(x, 1)
nn.Softmin(1)(x); F.gumbel_softmax(x); F.normalize(x, dim=1); nn.Dropout()(x); nn.Dropout1d()(rows)
nn.Dropout2d()(x); nn.Dropout3d()(x); nn.AlphaDropout()(x); nn.FeatureAlphaDropout()(x)
torch.dropout(x, 0.5, True)
"""

LAYERS = """
nn.Conv2d(3, 4, 3)(x); F.conv2d(x, x); torch.conv2d(x, x); nn.ConvTranspose2d(3, 4, 3)(x)
nn.Conv1d(8, 4, 3)(rows); nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")(x); nn.MaxPool2d(2)(x)
F.max_pool2d(x, 2); torch.max_pool2d(x, 2); nn.MaxPool2d(2, return_indices=True)(x); nn.AvgPool2d(2)(x)
nn.AdaptiveAvgPool2d(1)(x); F.adaptive_avg_pool2d(x, 1); nn.AdaptiveMaxPool2d(1)(x); nn.LPPool2d(2, 2)(x)
nn.BatchNorm2d(3)(x); nn.BatchNorm2d(3).eval()(x); nn.InstanceNorm2d(3)(x); nn.GroupNorm(3, 3)(x)
nn.LayerNorm(8)(x); nn.RMSNorm(8)(x); nn.LocalResponseNorm(2)(x); nn.Upsample(scale_factor=2)(x)
F.interpolate(x, size=(4, 4)); nn.PixelShuffle(1)(x); nn.PixelUnshuffle(2)(x); nn.ChannelShuffle(3)(x)
F.pad(x, (1, 1)); nn.ZeroPad2d(1)(x); nn.ReflectionPad2d(1)(x); nn.ReplicationPad2d(1)(x)
nn.ConstantPad2d(1, 0.5)(x); nn.CircularPad2d(1)(x); nn.Unfold(2)(x)
nn.Fold((8, 8), 2)(torch.ones(2, 12, 49, device="meta")); nn.Flatten()(x); nn.Unflatten(1, (3, 1))(x)
nn.Identity()(x); nn.Linear(8, 3)(x); F.linear(x, matrix8); nn.Bilinear(8, 8, 3)(x, y)
nn.Embedding(9, 4)(index); F.grid_sample(x, grid); F.affine_grid(theta, (2, 3, 8, 8))
nn.EmbeddingBag(9, 4)(few[None]); F.embedding(few, matrix); nn.CosineSimilarity()(x, y); nn.LSTM(8, 4)(rows)
nn.LSTM(8, 4, 2, bidirectional=True, batch_first=True, proj_size=2)(rows); nn.GRU(8, 4)(rows)
nn.RNN(8, 4)(rows); nn.RNN(8, 4, nonlinearity="relu")(rows); nn.LSTMCell(8, 4)(matrix8)
nn.GRUCell(8, 4)(matrix8); nn.RNNCell(8, 4)(matrix8); nn.MultiheadAttention(8, 2)(rows, rows, rows)
F.scaled_dot_product_attention(x, x, x)
nn.MultiheadAttention(8, 2, batch_first=True).eval()(rows, rows, rows, need_weights=False)
nn.TransformerEncoderLayer(8, 2)(rows); nn.TransformerEncoderLayer(8, 2).eval()(rows)
nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 1)(rows)
nn.TransformerDecoderLayer(8, 2)(rows, rows); nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))(x)
nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8))(x); nn.utils.weight_norm(nn.Conv2d(3, 3, 1))(x)
nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(x))
"""

PRODUCTS = """
torch.matmul(x, y); x.matmul(y); torch.mm(matrix, matrix); matrix.mm(matrix); torch.bmm(rows, rows.mT)
rows.bmm(rows.mT); torch.addmm(matrix, matrix, matrix); torch.baddbmm(rows.sum(), rows, rows.mT)
torch.mv(matrix, row); torch.dot(row, row); torch.outer(row, row); row.inner(row)
torch.einsum("bchw,bkhw->bck", x, x); torch.tensordot(x, y, ([3], [3]))
torch.linalg.multi_dot([matrix, matrix]); torch.chain_matmul(matrix, matrix); torch.linalg.norm(matrix)
torch.linalg.vector_norm(x, dim=1); torch.cdist(matrix, matrix)
torch.trace(matrix)
"""

JOINS = """
torch.cat([x, y], 1); torch.cat((x, y), dim=1); torch.concat([x, y], dim=1)
torch.concatenate([x, y], axis=1); torch.cat(tensors=[x, y], dim=1); torch.stack([x, y])
torch.stack((x, y), dim=1); torch.hstack([x, y]); torch.vstack([x, y]); torch.dstack([x, y])
torch.column_stack([row, row]); torch.broadcast_tensors(x, y); torch.meshgrid(row, row, indexing="ij")
"""

REDUCTIONS = """
x.mean(); x.mean((2, 3)); x.mean(dim=1, keepdim=True); torch.mean(x, [2, 3]); x.sum(1); torch.sum(x)
x.sum(axis=1); x.max(); torch.max(x, 1); x.max(1)[0]; x.max(dim=1).values; values, where = x.max(1)
x.min(1); x.amax((2, 3)); x.amin(1); x.argmax(1); torch.argmax(x, dim=1); x.std(1)
x.var((2, 3), unbiased=False); torch.std_mean(x, 1); torch.var_mean(x, (2, 3)); x.prod(1); x.norm()
x.norm(2, 1); torch.norm(x, p=2, dim=1); torch.logsumexp(x, 1); x.any(); x.all(1); x.median(1)
x.quantile(0.5); x.count_nonzero(); x.mode(); torch.aminmax(x)
"""

INDEXING = """
x.gather(1, index); torch.gather(x, 1, index); x.index_select(1, few); torch.take_along_dim(x, index, 1)
x.scatter(1, index, y); x.scatter_add(1, index, y); x.topk(2); torch.topk(x, 2, dim=1); x.sort()
torch.sort(x, 1); x.argsort(); x.roll(1); torch.roll(x, (1, 1), (2, 3)); x.flip(1)
torch.flip(x, (2, 3)); x.fliplr(); torch.rot90(x, 1, (2, 3)); x.repeat(1, 1, 2, 2); torch.tile(x, (2,))
x.repeat_interleave(2, 1); x.masked_fill(mask, 0); x.index_add(0, few, y); torch.diag(row)
torch.diag_embed(row); torch.tril(matrix); torch.triu(matrix); F.one_hot(index, 9)
torch.take(x, few)
"""

FACTORIES = """
torch.zeros(2, device="meta"); torch.ones(2, 3); torch.empty(2); torch.full((2,), 1.0); torch.rand(2)
torch.randn(2, 3); torch.randint(0, 5, (2,)); torch.arange(5); torch.linspace(0, 1, 5); torch.eye(5)
torch.zeros_like(x); torch.ones_like(x); torch.empty_like(x); torch.full_like(x, 1); torch.rand_like(x)
torch.randn_like(x); torch.randint_like(x, 3); x.new_zeros(2); x.new_ones(2); x.new_empty(2)
x.new_full((2,), 1); torch.randperm(5); torch.normal(0.0, 1.0, (2,)); torch.normal(x, y); torch.bernoulli(x)
torch.logspace(0, 1, 5)
"""

LOSSES = """
nn.CrossEntropyLoss()(matrix, few4); F.cross_entropy(matrix, few4); nn.NLLLoss()(matrix, few4)
nn.MSELoss()(x, y); nn.L1Loss()(x, y); nn.SmoothL1Loss()(x, y); nn.HuberLoss()(x, y); nn.BCELoss()(x, y)
nn.BCEWithLogitsLoss()(x, y); nn.KLDivLoss()(x, y); nn.CosineEmbeddingLoss()(matrix, matrix, row)
nn.TripletMarginLoss()(matrix, matrix, matrix); nn.MarginRankingLoss()(row, row, row)
nn.PoissonNLLLoss()(x, y); nn.HingeEmbeddingLoss()(x, y); nn.SoftMarginLoss()(x, y)
nn.MultiLabelSoftMarginLoss()(matrix, matrix); nn.MultiMarginLoss()(matrix, few4)
nn.PairwiseDistance()(matrix, matrix); torch.cosine_similarity(x, y)
"""

VIEWS = """
x.view(2, -1); x.view((2, -1)); x.view(x.size(0), -1); x.view_as(y); x.reshape(2, -1)
torch.reshape(x, (2, -1)); x.flatten(1); torch.flatten(x, 1); x.ravel(); x.unflatten(1, (3, 1))
torch.unflatten(x, 1, (3, 1)); x.squeeze(); x.squeeze(0); torch.squeeze(x, 1); x.unsqueeze(0)
torch.unsqueeze(x, -1); x.permute(0, 2, 3, 1); x.permute((0, 2, 3, 1)); torch.permute(x, (0, 2, 3, 1))
x.transpose(1, 2); torch.transpose(x, 1, 2); x.swapaxes(0, 1); x.movedim(0, 1); torch.moveaxis(x, 0, 1)
matrix.t(); matrix.T; x.mT; matrix.H; matrix.mH; matrix.adjoint(); x.expand(2, 3, 8, 8); x.expand_as(y)
torch.broadcast_to(x, (2, 3, 8, 8)); x.unfold(2, 2, 1); x.split(1, 1); x.split([1, 2], 1)
torch.split(x, 1, dim=1); x.chunk(2, 1); torch.chunk(x, 2, dim=1); x.unbind(1); torch.unbind(x)
x.tensor_split(2); x.narrow(1, 0, 1); x.select(1, 0); x.diagonal(); x.contiguous(); x.clone()
torch.clone(x); x.detach(); x.data; x.contiguous(memory_format=torch.channels_last); x.to(torch.float16)
x.to(y); x.half(); x.float(); x.double(); x.long(); x.bool(); x.int(); x.type(torch.float16); x.type_as(y)
x.real; torch.atleast_2d(x); x.vsplit(2)
"""

CALLS = {
    "inplace": INPLACE,
    "operators": OPERATORS,
    "maths": MATHS,
    "activations": ACTIVATIONS,
    "layers": LAYERS,
    "products": PRODUCTS,
    "joins": JOINS,
    "reductions": REDUCTIONS,
    "indexing": INDEXING,
    "factories": FACTORIES,
    "losses": LOSSES,
    "views": VIEWS,
}


NO_OPERATORS = {torch.device, torch.tensor, torch._C._set_grad_enabled, torch.Tensor.__setitem__}
"""What arrives beside operators and initialisers: settings, constants, and assignment to a part, which
gives no tensor."""


class Recorder(TorchFunctionMode):
    """Notes every function that torch delivers."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.append(func)
        return func(*args, **(kwargs or {}))


def tensors() -> dict[str, Any]:
    """What the lines are written with."""
    with torch.device("meta"):
        return {
            "torch": torch,
            "nn": nn,
            "F": nn.functional,
            "x": torch.empty(2, 3, 8, 8),
            "y": torch.empty(2, 3, 8, 8),
            "rows": torch.empty(2, 8, 8),
            "row": torch.empty(4),
            "matrix": torch.empty(4, 4),
            "matrix8": torch.empty(4, 8),
            "cube": torch.empty(4, 3),
            "mask": torch.empty(2, 3, 8, 8, dtype=torch.bool),
            "index": torch.empty(2, 3, 8, 8, dtype=torch.int64),
            "few": torch.empty(2, dtype=torch.int64),
            "few4": torch.empty(4, dtype=torch.int64),
            "grid": torch.empty(2, 4, 4, 2),
            "theta": torch.empty(2, 2, 3),
        }


@pytest.mark.parametrize("kind", CALLS)
def test_what_arrives_is_described(kind: str) -> None:
    missing = set()
    for line in CALLS[kind].replace("\n", ";").split(";"):
        if not line.strip():
            continue
        recorder, names = Recorder(), tensors()
        with warnings.catch_warnings(), torch.device("meta"), recorder:
            warnings.simplefilter("ignore")
            exec(line.strip(), names)
        for function in recorder.seen:
            known = function in operators() or function in transparent() or function in NO_OPERATORS
            if not known and function.__module__ != "torch.nn.init":
                missing.add(f"{resolve_name(function) or function}  ({line.strip()})")
    assert not missing, "\n".join(sorted(missing))


def test_every_name_is_one_of_torchs() -> None:
    """A misspelt name would describe nothing."""
    unknown = [name for name in registry() if resolve(name) is None]
    assert unknown == []


def test_no_function_is_described_twice() -> None:
    """torch has some functions under several names; two descriptions of one would hide each other."""
    owners: dict[Any, set[int]] = {}
    for name, operator in registry().items():
        owners.setdefault(resolve(name), set()).add(id(operator))
    assert [function for function, found in owners.items() if len(found) > 1] == []
