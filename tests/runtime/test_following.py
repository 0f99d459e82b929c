"""Data that flows from a data set to a call of a model, in the ways in which training scripts hand it on."""

from __future__ import annotations

import pytest
from tracing import only_model, trace_text

from cnnlint.traces import Degree

pytest.importorskip("torchvision")

NET = """
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(1000, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))

"""

SCRIPTS = {
    "one_sample": """
data = datasets.MNIST("d", transform=transforms.ToTensor())
image, label = data[0]
net = Net()
net(image.unsqueeze(0))
""",
    "one_sample_indexed": """
data = datasets.MNIST("d", transform=transforms.ToTensor())
net = Net()
net(data[3][0][None])
""",
    "old_next": """
data = datasets.MNIST("d", transform=transforms.ToTensor())
batches = iter(DataLoader(data, 8))
images, labels = batches.next()
net = Net()
net(images)
""",
    "counted_bar": """
from tqdm import tqdm
data = datasets.MNIST("d", transform=transforms.ToTensor())
net = Net()
for i, (x, y) in tqdm(enumerate(DataLoader(data, 8)), total=9):
    net(x)
""",
    "helper_loader": """
def get_loader(bs):
    data = datasets.MNIST("d", transform=transforms.ToTensor())
    return DataLoader(data, bs, shuffle=True)
net = Net()
train = get_loader(64)
for x, y in train:
    out = net(x)
""",
    "params": """
def train(model, loader, opt):
    model.train()
    for i, (data, target) in enumerate(loader):
        data, target = data.cuda(), target.cuda()
        out = model(data)
def main():
    ds = datasets.MNIST("d", transform=transforms.ToTensor())
    loader = DataLoader(ds, 64)
    net = Net().to("cpu")
    train(net, loader, None)
main()
""",
    "params_device": """
def train(args, model, device, train_loader, optimizer, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        output = model(data)
def main():
    device = torch.device("cpu")
    transform=transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    dataset1 = datasets.MNIST('../data', train=True, download=True, transform=transform)
    train_loader = torch.utils.data.DataLoader(dataset1, batch_size=64)
    model = Net().to(device)
    for epoch in range(1, 3):
        train(None, model, device, train_loader, None, epoch)
if __name__ == '__main__':
    main()
""",
    "tqdm": """
from tqdm import tqdm
ds = datasets.MNIST("d", transform=transforms.ToTensor())
loader = DataLoader(ds, 64)
net = Net()
for epoch in range(3):
    for batch in tqdm(loader):
        x = batch[0]
        net(x)
""",
    "direct": """
ds = datasets.MNIST("d", transform=transforms.ToTensor())
net = Net()
for image, label in ds:
    net(image.unsqueeze(0))
""",
    "dict": """
sets = {p: datasets.MNIST("d", transform=transforms.ToTensor()) for p in ("train", "val")}
loaders = {p: DataLoader(sets[p], 64) for p in ("train", "val")}
net = Net()
for phase in ("train", "val"):
    for inputs, labels in loaders[phase]:
        inputs = inputs.to("cpu")
        outputs = net(inputs)
""",
    "trainer": """
class Trainer:
    def __init__(self, model, loader):
        self.model = model
        self.loader = loader
    def fit(self):
        for x, y in self.loader:
            out = self.model(x)
t = Trainer(Net(), DataLoader(datasets.MNIST("d", transform=transforms.ToTensor()), 64))
t.fit()
""",
    "random_split": """
ds = datasets.MNIST("d", transform=transforms.ToTensor())
a, b = torch.utils.data.random_split(ds, [50000, 10000])
loader = DataLoader(a, 64)
net = Net()
for x, y in loader:
    net(x)
""",
    "two_helpers": """
def load():
    tr = datasets.MNIST("d", transform=transforms.ToTensor())
    te = datasets.MNIST("d", train=False, transform=transforms.ToTensor())
    return DataLoader(tr, 64), DataLoader(te, 64)
train_loader, test_loader = load()
net = Net()
def run():
    for x, y in train_loader:
        net(x)
run()
""",
    "next_iter": """
loader = DataLoader(datasets.MNIST("d", transform=transforms.ToTensor()), 64)
net = Net()
images, labels = next(iter(loader))
net(images)
""",
    "dictbatch": """
class DS(torch.utils.data.Dataset):
    def __len__(self): return 10
    def __getitem__(self, i):
        return {"image": torch.zeros(1, 28, 28), "label": 1}
net = Net()
for batch in DataLoader(DS(), 4):
    net(batch["image"])
""",
    "resize": """
def loaders(bs, resize=None):
    t = [transforms.ToTensor()]
    if resize: t.insert(0, transforms.Resize(resize))
    return DataLoader(datasets.MNIST("d", transform=transforms.Compose(t)), bs)
net = Net()
for x, y in loaders(32, resize=96):
    net(x)
""",
    "steps_in_a_list": """
steps = [transforms.Resize(96)]
data = datasets.MNIST("d", transform=transforms.Compose([*steps, transforms.ToTensor()]))
net = Net()
for x, y in DataLoader(data, 8):
    net(x)
""",
    "either_transform": """
def get_data(steps=None):
    if steps is None:
        steps = transforms.ToTensor()
    return datasets.MNIST("d", transform=steps)
data = get_data(transforms.Compose([transforms.Resize(96), transforms.ToTensor()]))
net = Net()
for x, y in DataLoader(data, 8):
    net(x)
""",
    "fn_transform": """
import numpy as np
def prep(img):
    arr = np.array(img.resize((40, 40)), dtype="float32")
    return torch.from_numpy(arr)[None]
net = Net()
for x, y in DataLoader(datasets.MNIST("d", transform=prep), 8):
    net(x)
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_loop_hands_to_the_model_is_its_input(name: str) -> None:
    model = only_model(trace_text(NET + SCRIPTS[name]))
    (item,) = model.inputs
    resized = dict.fromkeys(("resize", "steps_in_a_list", "either_transform"), 96)
    size = (resized | {"fn_transform": 40}).get(name, 28)
    assert item.shape == (1, size, size)
    assert item.degree is (Degree.STATED if name == "dictbatch" else Degree.FOLLOWED)
    faults = [operation.fault for operation in model.passes[0].operations if operation.fault]
    assert [fault.reason for fault in faults] == ["channels", "features"]


def test_folders_of_pictures_have_a_size_where_a_transform_gives_them_one() -> None:
    script = """
steps = transforms.Compose([transforms.Resize({size}), transforms.ToTensor()])
net = Net()
for x, y in DataLoader(datasets.ImageFolder("photos", transform=steps), batch_size=16):
    net(x)
"""
    (square,) = only_model(trace_text(NET + script.format(size="(64, 48)"))).inputs
    assert (square.shape, square.degree) == ((3, 64, 48), Degree.FOLLOWED)
    (shorter,) = only_model(trace_text(NET + script.format(size="64"))).inputs
    assert not shorter.size_degree.sure


LIGHTNING = """
import pytorch_lightning as pl

class Lit(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x):
        return torch.relu(self.conv(x))

    def training_step(self, batch, batch_idx):
        x, y = batch
        return nn.functional.cross_entropy(self(x).mean((2, 3)), y)

"""


@pytest.mark.parametrize(
    "given",
    [
        "    def train_dataloader(self):\n        return DataLoader({data}, 32)\n",
        "loader = DataLoader({data}, 32)\npl.Trainer().fit(Lit(), loader)\n",
        "pl.Trainer().fit(Lit(), train_dataloaders=DataLoader({data}, 32))\n",
    ],
)
def test_what_lightning_hands_to_a_step(given: str) -> None:
    data = 'datasets.MNIST("d", transform=transforms.ToTensor())'
    text = NET.partition("class Net")[0] + LIGHTNING + given.format(data=data)
    (item,) = only_model(trace_text(text)).inputs
    assert (item.shape, item.degree) == ((1, 28, 28), Degree.FOLLOWED)


def test_one_of_pictures_of_any_size_says_nothing() -> None:
    script = """
data = datasets.ImageFolder("d", transform=transforms.ToTensor())
net = Net()
net(data[0][0].unsqueeze(0))
"""
    assert not any(item.degree is Degree.FOLLOWED for item in only_model(trace_text(NET + script)).inputs)
