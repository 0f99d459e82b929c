"""Models that ask for much of torch: each is traced by both engines."""

from __future__ import annotations

import textwrap

HEAD = """
import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
"""

_BODIES = {
    "recurrent": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Embedding(100, 16, padding_idx=0)
                self.lstm = nn.LSTM(16, 32, num_layers=2, batch_first=True, bidirectional=True, dropout=0.1)
                self.gru = nn.GRU(64, 8, batch_first=True)
                self.fc = nn.Linear(8, 5)

            def forward(self, tokens):  # (N, 12) of int64
                x, (h, c) = self.lstm(self.embed(tokens))
                x, h = self.gru(x)
                return self.fc(h[-1])
        """,
    "attention": """
        class Net(nn.Module):
            def __init__(self, dim=32):
                super().__init__()
                self.patch = nn.Conv2d(3, dim, 8, stride=8)
                self.cls = nn.Parameter(torch.zeros(1, 1, dim))
                self.position = nn.Parameter(torch.randn(1, 17, dim) * 0.02)
                layer = nn.TransformerEncoderLayer(dim, 4, 64, batch_first=True, activation="gelu")
                self.encoder = nn.TransformerEncoder(layer, 2)
                self.attend = nn.MultiheadAttention(dim, 4)
                self.head = nn.Linear(dim, 10)

            def forward(self, x):
                x = self.patch(x).flatten(2).transpose(1, 2)
                x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1) + self.position
                x = self.encoder(x)
                mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
                y, weights = self.attend(*[x.transpose(0, 1)] * 3, attn_mask=mask.to(x.device))
                return self.head(y[0])

        # cnnlint: input=3x32x32
        net = Net()
        """,
    "lazy": """
        net = nn.Sequential(
            nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
            nn.LazyLinear(10),
        )
        """,
    "norms": """
        from torch.nn.utils import spectral_norm, weight_norm

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.one = weight_norm(nn.Conv2d(3, 8, 3, padding=1))
                self.two = spectral_norm(nn.Conv2d(8, 8, 3, padding=1))
                self.norm = nn.GroupNorm(2, 8)
                self.instance = nn.InstanceNorm2d(8, affine=True)
                self.layer = nn.LayerNorm([8, 16, 16])

            def forward(self, x):
                return self.layer(self.instance(self.norm(self.two(self.one(x)))))

        # cnnlint: input=3x16x16
        net = Net()
        """,
    "own function": """
        class Round(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.round()

            @staticmethod
            def backward(ctx, grad):
                return grad

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 4, 3)

            @torch.no_grad()
            def statistics(self, x):
                return x.mean(dim=(2, 3), keepdim=True)

            def forward(self, x):
                x = self.conv(x)
                return Round.apply(x - self.statistics(x)).detach() + x
        """,
    "drop path": """
        class DropPath(nn.Module):
            def __init__(self, p):
                super().__init__()
                self.p = p

            def forward(self, x):
                if self.p == 0.0 or not self.training:
                    return x
                keep = 1 - self.p
                shape = (x.shape[0],) + (1,) * (x.ndim - 1)
                return x.div(keep) * x.new_empty(shape).bernoulli_(keep)

        class Net(nn.Module):
            def __init__(self, depth=4):
                super().__init__()
                rates = [x.item() for x in torch.linspace(0, 0.1, depth)]
                block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(True))
                self.stem = nn.Conv2d(3, 8, 3)
                self.blocks = nn.ModuleList(copy.deepcopy(block) for _ in rates)
                self.drops = nn.ModuleList(DropPath(rate) for rate in rates)
                self.scale = nn.ParameterList([nn.Parameter(torch.ones(8, 1, 1)) for _ in rates])

            def forward(self, x):
                x = self.stem(x)
                for block, drop, scale in zip(self.blocks, self.drops, self.scale):
                    x = x + drop(scale * block(x))
                return x
        """,
    "u-net": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.down = nn.Conv2d(3, 8, 3, stride=2, padding=1)
                self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
                self.out = nn.Conv2d(11, 2, 1)

            def forward(self, x):
                y = self.up(F.leaky_relu(self.down(x), 0.2, inplace=True))
                dy, dx = x.size(2) - y.size(2), x.size(3) - y.size(3)
                y = F.pad(y, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
                y = F.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=False)
                return torch.sigmoid(self.out(torch.cat((x, y), 1)))
        """,
    "indexing": """
        class Net(nn.Module):
            def __init__(self, window=4):
                super().__init__()
                self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, 3))
                grid = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij"))
                flat = torch.flatten(grid, 1)
                relative = (flat[:, :, None] - flat[:, None, :]).permute(1, 2, 0).contiguous()
                relative[:, :, 0] += window - 1
                relative[:, :, 1] += window - 1
                relative[:, :, 0] *= 2 * window - 1
                self.register_buffer("index", relative.sum(-1))
                self.qkv = nn.Linear(12, 36)

            def forward(self, x):  # (N, 16, 12)
                b, n, c = x.shape
                q, k, v = self.qkv(x).reshape(b, n, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
                bias = self.table[self.index.view(-1)].view(n, n, -1).permute(2, 0, 1)
                attention = (q @ k.transpose(-2, -1) / math.sqrt(4) + bias.unsqueeze(0)).softmax(-1)
                out = (attention @ v).transpose(1, 2).reshape(b, n, c)
                out[:, 0] = x[:, 0]
                return out[:, 1:, ::2]
        """,
    "unpooling": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.pool = nn.MaxPool2d(2, return_indices=True)
                self.unpool = nn.MaxUnpool2d(2)

            def forward(self, x):
                size = x.size()
                y, places = self.pool(self.conv(x))
                y, inner = F.max_pool2d(y, 2, return_indices=True)
                y = self.unpool(F.max_unpool2d(y, inner, 2), places, output_size=size)
                return F.max_pool2d(F.adaptive_max_pool2d(y, 8, True)[0], 2)
        """,
    "refused": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, groups=2)
                self.fc = nn.Linear(100, 10)

            def forward(self, x):
                x = self.conv(x).permute(0, 2, 3, 1)
                return self.fc(x.view(x.size(0), -1)).squeez()
        """,
    "training": """
        from torch.utils.data import DataLoader, TensorDataset

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(nn.Conv1d(2, 4, 3), nn.PReLU(), nn.MaxPool1d(2), nn.Dropout(0.3))
                self.head = nn.Linear(4 * 15, 3)
                for module in self.modules():
                    if isinstance(module, nn.Conv1d):
                        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                        module.bias.data.zero_()

            def forward(self, x):
                return F.log_softmax(self.head(self.body(x).view(-1, 60)), dim=1)

        data = DataLoader(TensorDataset(torch.randn(20, 2, 32), torch.zeros(20).long()), batch_size=4)
        net = Net().to("cuda" if torch.cuda.is_available() else "cpu")
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        for x, y in data:
            loss = F.nll_loss(net(x), y)
        """,
    "replaced head": """
        from torchvision import models, transforms

        def make():
            net = models.resnet18(weights=None)
            for parameter in net.parameters():
                parameter.requires_grad = False
            net.fc = nn.Linear(net.fc.in_features, 7)
            return net

        augment = transforms.Compose([transforms.Resize(96), transforms.ToTensor()])
        """,
}

TEXTS = {name: HEAD + textwrap.dedent(body) for name, body in _BODIES.items()}
