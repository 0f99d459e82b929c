import torch.nn as nn
import torch.nn.functional as F
from torchvision import datasets, transforms


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(1568, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.flatten(1)
        return F.softmax(self.fc(x), dim=1)


if __name__ == "__main__":
    data = datasets.MNIST("data", download=True, transform=transforms.ToTensor())
    criterion = nn.CrossEntropyLoss()
    model = Net()
    for image, label in data:
        loss = criterion(model(image.unsqueeze(0)), label)
