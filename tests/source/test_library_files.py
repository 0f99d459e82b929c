"""Files of a library of models: factories that go through helpers, parts that only some models need."""

from __future__ import annotations

import textwrap
from pathlib import Path

from cnnlint.evidence.survey import survey
from cnnlint.source.reading import read

BLOCKS = """
import torch.nn as nn

class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return self.fc(x)

class Config:
    pass
"""


def names(folder: Path, text: str) -> list[str]:
    """The models of a file beside which a module `blocks` stands."""
    (folder / "blocks.py").write_text(BLOCKS)
    path = folder / "model.py"
    path.write_text(textwrap.dedent(text))
    return [target.name for target in survey(read(path).file).targets]


def test_a_factory_may_hand_its_class_to_a_helper_and_return_a_variable(tmp_path: Path) -> None:
    text = f"""
    from .builder import build_with_config
    {textwrap.indent(BLOCKS, "    ").lstrip()}

    def _create(variant, pretrained=False, **kwargs):
        model = build_with_config(Net, variant, pretrained, **kwargs)
        return model

    def net_small(pretrained=False, **kwargs):
        model_args = dict(width=8)
        return _create("net_small", pretrained, **dict(model_args, **kwargs))
    """
    assert names(tmp_path, text) == ["net_small"]


def test_a_class_from_beside_the_file_makes_a_factory(tmp_path: Path) -> None:
    text = """
    from torch import nn
    from .blocks import Config, Net
    from .builder import build_with_config

    def annotated(**kwargs) -> Net:
        return build_with_config("annotated", **kwargs)

    def handed(**kwargs):
        return build_with_config(Net, **kwargs)

    def settings() -> Config:
        return Config()
    """
    assert names(tmp_path, text) == ["annotated", "handed"]


def test_what_a_base_builds_is_a_part_of_its_heirs(tmp_path: Path) -> None:
    text = """
    from torch import nn

    class Stem(nn.Module):
        def forward(self, x):
            return x

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = Stem()

        def forward(self, x):
            return self.stem(x)

    class Features(Net):
        def forward(self, x):
            return [self.stem(x)]
    """
    assert names(tmp_path, text) == ["Features"]


def test_what_a_model_shares_with_its_parts_is_a_part(tmp_path: Path) -> None:
    text = """
    from torch import nn

    class Position(nn.Module):
        def forward(self, x):
            return x

    class Block(nn.Module):
        def __init__(self, position):
            super().__init__()
            self.position = position

        def forward(self, x):
            return self.position(x)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.position = Position()
            self.blocks = nn.Sequential(Block(position=self.position), Block(position=self.position))

        def forward(self, x):
            return self.blocks(x)
    """
    assert names(tmp_path, text) == ["Net"]
