"""Inputs by the tensors, sizes, data sets and shapes of a file."""

from __future__ import annotations

import textwrap

import pytest
from texts import NET, net, targets

from cnnlint.traces import Degree


def given(below: str) -> list[object]:
    """What the evidence of the one model says, in order."""
    found: list[object] = []
    for item in net(below).inputs:
        found += [shape.shape for shape in item.shapes]
        found += [expression.text for expression in item.expressions]
        found += [(expression.text, item.batched) for expression in item.sizes]
        if item.channels_only is not None:
            found.append(f"{item.channels_only} channels")
        if item.size_only:
            found.append(f"size {item.size_only}")
        if item.size_expression is not None:
            found.append(f"size {item.size_expression.text}")
    return found


TENSOR = "torch.randn(2, 4)"


@pytest.mark.parametrize(
    "below",
    [
        "Net()(torch.randn(2, 4))",
        "model = Net()\nmodel(torch.randn(2, 4))",
        "model = Net().to(device).eval()\nmodel.forward(torch.randn(2, 4))",
        "model = Net()\nmodel = nn.DataParallel(model)\nx = torch.randn(2, 4).cuda()\nmodel(x)",
        "def main():\n    model, other = Net(), 3\n"
        "    x = torch.randn(2, 4, device='cuda')\n    y = model(x)",
        "def run(net, x):\n    return net(x)\nrun(Net(), torch.randn(2, 4))",
        "class T:\n    def __init__(self):\n        self.net = Net()\n    def go(self):\n"
        "        self.net(torch.randn(2, 4))",
        "model = Net()\nx = torch.randn(2, 4) * 2 - 1\nmodel(x.to(device), True)",
        "model = Net()\ntorch.onnx.export(model, torch.randn(2, 4), 'net.onnx')",
        "model = Net()\ntorch.jit.trace(model, example_inputs=(torch.randn(2, 4),))",
        "from thop import profile\nprofile(Net(), inputs=(torch.randn(2, 4), ))",
        "from torch.autograd import Variable\nNet()(Variable(torch.randn(2, 4)))",
        "writer.add_graph(Net(), torch.randn(2, 4))",
        "for a, b in [(torch.randn(2, 4), 1)]:\n    pass\nNet()(torch.randn(2, 4))",
        "model = Net()\nif cuda:\n    model = model.cuda()\nmodel(x=torch.randn(2, 4))",
        "def build():\n    return Net(), 1\nmodel, _ = build()\nmodel(torch.randn(2, 4))",
    ],
)
def test_tensors_handed_to_the_model(below):
    assert given(below) == [TENSOR]


@pytest.mark.parametrize(
    ("below", "text"),
    [
        ("x = torch.zeros(4, 9)\nx = x.view(-1, 3, 12)\nNet()(x)", "torch.zeros(4, 9).view(-1, 3, 12)"),
        ("Net()(torch.rand((8, 4)).unsqueeze(0))", "torch.rand((8, 4)).unsqueeze(0)"),
        ("Net()(torch.randint(0, 9, (2, 4)))", "torch.randint(0, 9, (2, 4))"),
        (
            "import numpy as np\nNet()(torch.from_numpy(np.zeros((2, 4))))",
            "torch.from_numpy(np.zeros((2, 4)))",
        ),
        ("Net()(torch.ones(2, 4).long().cuda())", "torch.ones(2, 4).long()"),
        ("for x in loader:\n    b = x.size(0)\n    Net()(torch.randn(b, 4))", "torch.randn(1, 4)"),
        ("y = torch.rand(2, 4)\nNet()(torch.zeros_like(y))", "torch.rand(2, 4)"),
        (
            "import numpy as np\nT = torch.cuda.FloatTensor if cuda else torch.FloatTensor\n"
            "for x in loader:\n    Net()(T(np.random.normal(0, 1, (x.shape[0], 4))))",
            "torch.tensor(np.random.normal(0, 1, (1, 4))).float()",
        ),
        (
            "import numpy as np\nNet()(torch.LongTensor(np.random.randint(0, 9, batch_size)))",
            "torch.tensor(np.random.randint(0, 9, 1)).long()",
        ),
    ],
)
def test_tensors_through_reshapes_and_computed_batches(below, text):
    assert given(below) == [text]


@pytest.mark.parametrize(
    "below",
    [
        "def run(net):\n    net(torch.randn(2, 4))",
        "Net()(load('a.png'))",
        "def run(n):\n    Net()(torch.randn(2, n))",
        "a = Net()\nb = load()\nb(torch.randn(2, 4))",
        "for x in loader:\n    y = x.data\n    Net()(torch.rand(y.size()))",
    ],
)
def test_what_is_not_tied_or_not_known_gives_nothing(below):
    assert given(below) == []


def test_local_sizes_come_with_their_prelude():
    target = net("SIDE = 4\ndef main():\n    n = SIDE * 2\n    Net()(torch.randn(1, n))\n")
    expression = target.inputs[0].expressions[0]
    assert (expression.text, expression.prelude) == ("torch.randn(1, n)", "n = SIDE * 2")
    assert expression.names == {"SIDE", "torch"}
    assert target.inputs[0].reason == "torch.randn(1, n) in line 18"


def test_several_inputs_in_the_order_of_forward():
    text = """
    import torch
    from torch import nn
    class Pair(nn.Module):
        def forward(self, a, b, flag=False):
            return a + b
    net = Pair()
    net(b=torch.ones(1, 2), a=torch.zeros(1, 3), flag=True)
    """
    (evidence,) = targets(text)["Pair"].inputs
    assert [item.text for item in evidence.expressions] == ["torch.zeros(1, 3)", "torch.ones(1, 2)"]


def test_each_model_gets_its_own():
    text = """
    import torch
    from torch import nn
    class G(nn.Module):
        def forward(self, z): return z
    class D(nn.Module):
        def forward(self, x): return x
    netG = G().to(device)
    netD = D().to(device)
    noise = torch.randn(64, 100, 1, 1, device=device)
    fake = netG(noise)
    netD(fake)
    netD(torch.zeros(64, 3, 32, 32))
    """
    found = targets(text)
    assert [item.text for evidence in found["G"].inputs for item in evidence.expressions] == [
        "torch.randn(64, 100, 1, 1)"
    ]
    assert [item.text for evidence in found["D"].inputs for item in evidence.expressions] == [
        "torch.zeros(64, 3, 32, 32)"
    ]


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("from torchsummary import summary\nsummary(Net(), (1, 28, 28))", [("(1, 28, 28)", False)]),
        (
            "from torchsummary import summary\nsummary(Net(), [(3,), (4,)])",
            [("(3,)", False), ("(4,)", False)],
        ),
        ("from torchinfo import summary\nsummary(Net(), input_size=(16, 4))", [("(16, 4)", True)]),
        ("import torchinfo\ntorchinfo.summary(Net(), (4,), batch_dim=0)", [("(4,)", False)]),
        ("import torchinfo\ntorchinfo.summary(Net(), input_data=torch.ones(2, 4))", ["torch.ones(2, 4)"]),
    ],
)
def test_summaries(below, said):
    assert given(below) == said


def test_example_input_array():
    text = """
    import torch
    import pytorch_lightning as pl
    class Net(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.example_input_array = torch.zeros(2, 1, 28, 28)
        def forward(self, x):
            return x
    """
    assert targets(text)["Net"].inputs[0].expressions[0].text == "torch.zeros(2, 1, 28, 28)"


DATA = "from torchvision import datasets, transforms\n"


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("data = datasets.MNIST('data')", [(1, 28, 28)]),
        ("data = datasets.CIFAR10('data', transform=transforms.ToTensor())", [(3, 32, 32)]),
        (
            "t = transforms.Compose(["
            "transforms.Grayscale(), transforms.Resize(40), transforms.CenterCrop((32, 24))])\n"
            "data = datasets.CIFAR10('data', transform=t)",
            [(1, 32, 24)],
        ),
        (
            "data = datasets.ImageFolder('d', transforms.Compose([transforms.RandomResizedCrop(96)]))",
            [(3, 96, 96)],
        ),
        ("data = datasets.ImageFolder('d')", ["3 channels"]),
        (
            "SIDE = 64\ndata = datasets.CelebA('d', transform=transforms.Compose([transforms.Resize(SIDE)]))",
            [(3, 78, 64)],
        ),
        (
            "data = datasets.ImageFolder('d', transform=transforms.Compose([transforms.Resize(opt.side)]))",
            ["3 channels", "size opt.side"],
        ),
        ("data = datasets.FakeData(100, (3, 48, 48))", [(3, 48, 48)]),
        ("t = transforms.Compose([transforms.Resize((30, 40)), transforms.ToTensor()])", ["size (30, 40)"]),
        (
            "a = datasets.MNIST('d')\nb = datasets.MNIST('d')\nc = datasets.CIFAR10('d')",
            [(1, 28, 28), (3, 32, 32)],
        ),
        (
            "t = {'train': transforms.Compose([transforms.RandomResizedCrop(224)]),\n"
            "     'val': transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])}\n"
            "sets = {x: datasets.ImageFolder(x, t[x]) for x in ['train', 'val']}",
            [(3, 224, 224)],
        ),
    ],
)
def test_data_sets_and_transforms(below, said):
    assert given(DATA + below) == said
    assert all(item.general for item in net(DATA + below).inputs)


LOOP = """
from torchvision import datasets, transforms
from torch.utils.data import DataLoader

def train(model, loader):
    for step, (images, labels) in enumerate(loader):
        images = images.to(device)
        {line}

data = datasets.MNIST("data", transform={transform})
train(Net(), DataLoader(data, batch_size=4))
"""


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("model(images)", "torch.zeros(1, 1, 28, 28)"),
        ("model(images.view(-1, 28 * 28))", "torch.zeros(1, 1, 28, 28).view(-1, 28 * 28)"),
        ("model(images.reshape(images.size(0), -1))", "torch.zeros(1, 1, 28, 28).reshape(1, -1)"),
        ("model(images.squeeze(1))", "torch.zeros(1, 1, 28, 28).squeeze(1)"),
    ],
)
def test_batches_of_a_data_loader(line, text):
    evidence = net(LOOP.format(line=line, transform="transforms.ToTensor()")).inputs[0]
    assert [item.text for item in evidence.expressions] == [text]
    assert evidence.reason == "datasets.MNIST in line 24"
    assert not evidence.general


def test_batches_taken_by_next():
    text = """
    from torchvision import datasets
    from torch.utils.data import DataLoader
    T = torch.FloatTensor
    batches = iter(DataLoader(datasets.MNIST("d"), 4))
    SIDE = 7
    for step in range(3):
        images, labels = next(batches)
        Net()(images.view(-1, SIDE * 4, SIDE * 4).type(T))
    """
    (tied, _) = net(text).inputs
    assert tied.expressions[0].text == "torch.zeros(1, 1, 28, 28).view(-1, 28, 28).float()"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("A.Resize(40, 50), A.HorizontalFlip(), ToTensorV2()", ["size (40, 50)"]),
        ("A.RandomCrop(height=40, width=50), ToTensorV2()", ["size (40, 50)"]),
        ("A.LongestMaxSize(64), A.PadIfNeeded(64, 64), ToTensorV2()", ["size (64, 64)"]),
        ("A.RandomResizedCrop(size=(40, 50)), A.Normalize(mean=(0.5,), std=(1,))", [(1, 40, 50)]),
    ],
)
def test_transforms_of_albumentations(steps, said):
    imports = "import albumentations as A\nfrom albumentations.pytorch import ToTensorV2\n"
    assert given(f"{imports}transform = A.Compose([{steps}])") == said


def test_a_sequential_of_transforms():
    text = "from torchvision import datasets, transforms as T\n"
    text += "steps = nn.Sequential(T.Grayscale(), T.Resize(40))"
    assert given(f"{text}\ndatasets.CIFAR10('x', transform=steps)") == [(1, 40, 40)]


def test_sizes_of_a_resize_that_has_to_be_evaluated():
    text = """
    import argparse
    from torchvision import datasets, transforms
    from torch.utils.data import DataLoader
    opt = argparse.ArgumentParser().parse_args()
    for images, _ in DataLoader(datasets.{data}("d", transform=transforms.Compose([
        transforms.Resize(opt.side), transforms.ToTensor()]))):
        Net()(images)
    """
    expression = net(text.format(data="MNIST")).inputs[0].expressions[0]
    assert expression.text == "torch.zeros(1, 1, opt.side, opt.side)"
    assert expression.names == {"opt", "torch"}
    # photographs have no common aspect: only a batch can tell whether they get one size
    drawn = net(text.format(data="ImageFolder")).inputs[0]
    assert drawn.expressions[0].text.startswith("next(iter(DataLoader(datasets.ImageFolder(")
    assert drawn.degree is Degree.FOLLOWED


@pytest.mark.parametrize("line, transform", [("model(images)", "mine()"), ("model(labels)", "None")])
def test_batches_that_the_text_does_not_tell_are_drawn_from_the_loader(line, transform):
    drawn, *others = net(LOOP.format(line=line, transform=transform)).inputs
    assert drawn.expressions[0].text.startswith("next(iter(")
    assert drawn.degree is Degree.FOLLOWED
    assert all(item.general for item in others)


SHAPED = """
import torch
from torch import nn
from jaxtyping import Float, Int
class Net(nn.Module):
{body}
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('def forward(self, x: Float[torch.Tensor, "b 3 32 32"]):\n    return x', [((3, 32, 32), "float32")]),
        ('def forward(self, x: Int[torch.Tensor, "batch 12"]):\n    return x', [((12,), "int64")]),
        ('def forward(self, x: Float[torch.Tensor, "b 3 h w"]):\n    return x', ["3 channels"]),
        ('def forward(self, x: Float[torch.Tensor, "... 3"]):\n    return x', []),
        ("def forward(self, x):  # (N, 3, 32, 32)\n    return x", [((3, 32, 32), "float32")]),
        ("def forward(self, x):  # [B, 1, 28, 28] -> [B, 10]\n    return x", []),
        ("def forward(self, x):\n    # x: B x 3 x 16 x 16\n    return x", [((3, 16, 16), "float32")]),
        ("def forward(self, x):\n    # (N, C, 16, 16)\n    return x", ["size (16, 16)"]),
        ("def forward(self, x):\n    x = x + 1  # (N, 3, 8, 8)\n    return x", []),
        (
            'def forward(self, x):\n    """x: (batch, 8, 100) signal."""\n    return x',
            [((8, 100), "float32")],
        ),
        ('def forward(self, x):\n    """Returns (N, 10)."""\n    return x', []),
        ("input_size = (1, 8, 8)\ndef forward(self, x):\n    return x", [((1, 8, 8), "float32")]),
    ],
)
def test_shapes_beside_forward(body, said):
    found: list[object] = []
    for item in targets(SHAPED.format(body=textwrap.indent(body, "    ")))["Net"].inputs:
        found += [(shape.shape, shape.dtype) for shape in item.shapes]
        if item.channels_only is not None:
            found.append(f"{item.channels_only} channels")
        if item.size_only:
            found.append(f"size {item.size_only}")
    assert found == said


def test_a_comment_that_does_not_name_the_input_may_be_of_the_first_layer():
    (evidence,) = targets(
        SHAPED.format(body="    def forward(self, x):\n        # (N, 16, 8, 8)\n        return x")
    )["Net"].inputs
    assert evidence.general


def test_configured_input_sizes_are_general():
    (evidence,) = net("cfg = {'input_size': (3, 96, 96), 'mean': 3}").inputs
    assert evidence.shapes[0].shape == (3, 96, 96)
    assert evidence.general
    assert not net("cfg = [{'input_size': (3, 96, 96)}, {'input_size': (3, 64, 64)}]").inputs


def test_a_factory_inherits_what_its_relative_is_tried_with():
    found = targets(
        NET
        + "def small():\n    return Net(2)\n\ndef large():\n    return Net(9)\n\nsmall()(torch.randn(2, 4))\n"
    )
    assert not found["small"].inputs[0].general
    assert found["large"].inputs[0].general


def test_a_line_above_a_class_and_its_docstring_speak_of_the_input():
    above = "# A net.\n# input: (N, 3, 32, 32)\n@decorated\nclass Net"
    inside = 'class Net(nn.Module):\n    """A net.\n\n    Input: (N, 3, 32, 32)\n    Output: (N, 4)\n    """'
    for text in (NET.replace("class Net", above), NET.replace("class Net(nn.Module):", inside)):
        (evidence,) = targets(text)["Net"].inputs
        assert (evidence.shapes[0].shape, evidence.general) == ((3, 32, 32), True)
        assert evidence.reason.startswith("(N, 3, 32, 32) in line ")


def test_the_left_side_of_the_first_arrow():
    text = NET.replace("return self.fc(x)", "return self.fc(x)  # (N, 3, 5, 4) -> (N, 3, 5, 10)")
    (evidence,) = targets(text)["Net"].inputs
    assert (evidence.shapes[0].shape, evidence.general) == ((3, 5, 4), True)


LOADED = """
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split

class Fake(Dataset):
    def __init__(self, number):
        self.images = torch.rand(number, 3, 9, 9)
        self.targets = torch.zeros(number)

    def __getitem__(self, index):
        return {fake}

def collate(samples):
    images = torch.zeros(len(samples), 3, 9, 9)
    return images, torch.zeros(4)

def train(model, loader):
    {loop}
    model({batch})

train(Net(), DataLoader({data}))
"""

PAIRS = "for images, labels in loader: pass"


@pytest.mark.parametrize(
    ("data", "fake", "loop", "batch", "text"),
    [
        ("Fake(10), 4", "torch.rand(3, 9, 9), 0", PAIRS, "images", "torch.rand(3, 9, 9).unsqueeze(0)"),
        ("Fake(10)", "self.images[index], self.targets[index]", PAIRS, "images", "torch.rand(1, 3, 9, 9)"),
        ("Fake(10)", "self.images[index]", "for x in loader: pass", "x", "torch.rand(1, 3, 9, 9)"),
        (
            "random_split(Fake(10), [8, 2])[0]",
            "{'image': self.images[index], 'label': 3}",
            "for number, batch in enumerate(loader): pass",
            "batch['image']",
            "torch.rand(1, 3, 9, 9)",
        ),
        ("Fake(10), collate_fn=collate", "load(index)", PAIRS, "images", "torch.zeros(1, 3, 9, 9)"),
        (
            "dataset=TensorDataset(torch.ones(50, 3, 9, 9), torch.zeros(50))",
            "0",
            "batch = next(iter(loader))",
            "batch[0]",
            "torch.ones(50, 3, 9, 9)",
        ),
    ],
)
def test_what_a_data_loader_gives_where_it_is_written_out(data, fake, loop, batch, text):
    assert given(LOADED.format(data=data, fake=fake, loop=loop, batch=batch)) == [text]


def test_a_data_loader_of_unknown_samples_is_asked_for_a_batch():
    for fake, batch, key in (("load(index), 0", "images", 0), ("torch.rand(3, 9, 9)", "images", 0)):
        text = LOADED.format(data="Fake(3)", fake=fake, loop=PAIRS, batch=batch)
        assert given(text) == [f"next(iter(loader))[{key}]"]


@pytest.mark.parametrize(
    ("loader", "smallest"),
    [
        ("DataLoader(data, batch_size=64, shuffle=True)", 60_000 % 64),
        ("DataLoader(data, batch_size=64, shuffle=True, drop_last=True)", 64),
        ("DataLoader(data, 59_999, shuffle=True)", 1),
        ("DataLoader(data, 100, shuffle=True)", 100),
        ("DataLoader(unknown(), 64, shuffle=True)", None),
        ("DataLoader(data, shuffle=True)", 1),
        ("DataLoader(data, batch_size=1)", None),
        ("DataLoader(data, batch_size=size(), shuffle=True)", None),
    ],
)
def test_the_smallest_batch_that_a_file_trains_with(loader, smallest):
    below = f"from torch.utils.data import DataLoader\n{DATA}data = datasets.MNIST('d', train=True)\n"
    assert net(f"{below}loader = {loader}").evidence.smallest_batch == smallest
