"""Where the text uses the layers of a class by their names."""

from __future__ import annotations

import textwrap

from cnnlint.evidence.mentions import Mentions
from cnnlint.source.file import SourceFile

TEXT = """
class Net(nn.Module):
    def __init__(self):
        self.conv = nn.Conv2d(3, 8, 3)
        self.fill(self.stem)

    def fill(self, layer):
        self.stem.weight.data.fill_(0)

    def head_of(self):
        return self.head

    def freeze(self):
        self.body.requires_grad_(False)

    def forward(self, x, mask=None):
        return self.blend(self.conv(x), mask)

    def blend(self, x, mask):
        return x if mask is None else self.mix(x)

    def training_step(self, batch):
        return self.critic(self.conv(batch))

net = Net()
loss = net.aux(torch.zeros(3)) + net.tail.score(x)
net.tower.eval()
"""


def test_uses_by_name() -> None:
    mentions = Mentions(SourceFile("net.py", textwrap.dedent(TEXT)))
    found = {name: mention.in_forward for name, mention in mentions.of("Net").items()}
    assert found["mix"] and not found["critic"] and not found["aux"] and not found["tail"]
    assert not {"stem", "head", "body", "tower"} & found.keys()
    assert mentions.of("Net")["critic"].span.row == 23
    assert "critic" not in mentions.of("Other")
