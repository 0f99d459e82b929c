"""Single changes in the source text of torchvision's and timm's models: torch is the judge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torchvision")
pytest.importorskip("timm")

from library import LIBRARY_MODELS, LibraryModel
from mutations import Mutation, mutations
from verdicts import cnnlint_findings, disagreement, torch_refuses

from cnnlint.workers import Workers


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(1) as running:
        yield running


def changed_models() -> st.SearchStrategy[tuple[LibraryModel, Mutation]]:
    return st.sampled_from(LIBRARY_MODELS).flatmap(
        lambda model: st.tuples(st.just(model), st.sampled_from(mutations(model.text)))
    )


@settings(max_examples=settings().max_examples // 8)
@given(changed_models())
def test_torch_and_cnnlint_agree(workers: Workers, changed: tuple[LibraryModel, Mutation]) -> None:
    model, mutation = changed
    text = mutation.applied(model.text)
    verdict = disagreement(torch_refuses(text, model), cnnlint_findings(workers, text, model), mutation.row)
    assert verdict is None, f"{model.factory}, {mutation.what}: {verdict}"


@pytest.mark.parametrize("factory", ["resnet18", "mobilenet_v3_small", "pvt_v2_b0"])
def test_the_text_of_a_library_is_a_good_model(workers: Workers, factory: str) -> None:
    model = next(model for model in LIBRARY_MODELS if model.factory == factory)
    assert torch_refuses(model.text, model) is None
    assert disagreement(None, cnnlint_findings(workers, model.text, model), None) is None
