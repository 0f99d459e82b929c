"""A representative part of the zoo; `python tests/rules/zoo.py` runs the whole."""

from __future__ import annotations

import pytest

pytest.importorskip("torchvision")
pytest.importorskip("timm")

from zoo import Architecture, judged, timm_models, torchvision_models, unexpected

TORCHVISION = """
    alexnet convnext_tiny deeplabv3_resnet50 densenet121 efficientnet_b0 efficientnet_v2_s fcn_resnet50
    googlenet inception_v3 lraspp_mobilenet_v3_large mnasnet1_0 mobilenet_v2 mobilenet_v3_small r3d_18
    regnet_y_400mf resnet18 resnet50 resnext50_32x4d shufflenet_v2_x1_0 squeezenet1_1 swin_t vgg16 vgg16_bn
    vit_b_16
"""
TIMM = """
    csatv2 dla34 edgenext_small hardcorenas_a levit_128 mobilevitv2_050 nfnet_f0 pvt_v2_b0 repvgg_a0
    selecsls42 skresnet18 vovnet39a xception41
"""


def chosen() -> list[Architecture]:
    names = {f"torchvision.{name}" for name in TORCHVISION.split()} | {
        f"timm.{name}" for name in TIMM.split()
    }
    return [each for each in (*torchvision_models(), *timm_models()) if each.name in names]


def test_famous_architectures_are_clean() -> None:
    found = {}
    for architecture, result in judged(chosen()):
        messages = unexpected(architecture, result)
        assert all(run.complete for model in result.trace.models for run in model.passes), architecture.name
        assert result.trace.models, architecture.name
        if messages:
            found[architecture.name] = messages
    assert found == {}
