"""The formulas against torch's own kernels, operator by operator, over whole models (`--verify`)."""

from __future__ import annotations

import pytest
from tracing import only_model, trace_text

pytest.importorskip("torchvision")

MODELS = (
    "alexnet convnext_tiny densenet121 efficientnet_b0 googlenet mnasnet0_5 mobilenet_v3_small "
    "regnet_x_400mf resnet18 resnext50_32x4d "
    " shufflenet_v2_x0_5 squeezenet1_0 swin_t vgg11_bn vit_b_32 wide_resnet50_2"
).split()


@pytest.mark.parametrize("name", MODELS)
def test_formulas_agree_with_torchs_kernels(name: str) -> None:
    trace = trace_text(
        f"import torchvision\nmodel = torchvision.models.{name}()\n",
        (3, 224, 224),
        verify=True,
        imports=("torchvision",),
        timeout=120.0,
    )
    model = only_model(trace)
    assert model.notes == ()
    assert all(run.complete and len(run.operations) > 10 for run in model.passes)


def test_segmentation_agrees_too() -> None:
    text = (
        "from torchvision.models import segmentation\n"
        "model = segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None)\n"
    )
    trace = trace_text(text, (3, 224, 224), verify=True, imports=("torchvision",), timeout=120.0)
    assert only_model(trace).notes == ()
