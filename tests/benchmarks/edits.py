"""How long an editor waits after an edit: `python tests/benchmarks/edits.py [FILE]` prints it.

From the edit to the diagnostics of the new text, over the pipe, with the pause for which the server waits.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.server.editor import Editor

LENET = """\
import torch.nn as nn
import torch.nn.functional as F


# cnnlint: input=1x32x32
class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
"""
EDITS = 30


def main() -> None:
    text = Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else LENET
    with tempfile.TemporaryDirectory() as folder, Editor(Path(folder).resolve()) as editor:
        began = time.perf_counter()
        uri = editor.open("net.py", text)
        editor.problems(uri)
        print(f"first answer: {time.perf_counter() - began:.2f} s")
        times = []
        for number in range(EDITS):
            began = time.perf_counter()
            editor.write(uri, f"{text}\nEDIT = {number}\n")
            editor.problems(uri)
            times.append(time.perf_counter() - began)
    print(f"an edit: {statistics.median(times):.3f} s (median of {EDITS}; at most {max(times):.3f} s)")


if __name__ == "__main__":
    main()
