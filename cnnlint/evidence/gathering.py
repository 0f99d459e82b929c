"""What a file's text says of each of its models: inputs, losses, class counts."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnnlint.evidence.annotations import ShapeReader
from cnnlint.evidence.datasets import DatasetReader
from cnnlint.evidence.directives import Directives
from cnnlint.evidence.facts import InputEvidence, Target
from cnnlint.evidence.handed import InputReader
from cnnlint.evidence.instances import Instances, Origin
from cnnlint.evidence.losses import LossReader
from cnnlint.source.expressions import Expressions
from cnnlint.source.file import SourceFile
from cnnlint.source.names import Imports
from cnnlint.source.scopes import Scopes
from cnnlint.traces import Degree, Evidence


class EvidenceReader:
    """Collects the evidence of a file."""

    def __init__(
        self,
        file: SourceFile,
        imports: Imports,
        scopes: Scopes,
        instances: Instances,
        expressions: Expressions,
    ):
        self.instances = instances
        self.datasets = DatasetReader(file, imports, scopes, expressions)
        self.inputs = InputReader(file, imports, scopes, instances, expressions, self.datasets)
        self.shapes = ShapeReader(file, imports, instances.models)
        self.losses = LossReader(file, imports, scopes, instances, self.datasets)

    def complete(
        self, targets: Sequence[Target], nodes: Sequence[ast.AST], directives: Directives
    ) -> list[Target]:
        """The targets with their evidence; `nodes` are their definitions, as in `Candidate.node`."""
        if not targets:
            return []
        origins: list[Origin] = [
            node if isinstance(node, ast.Call) else target.name
            for target, node in zip(targets, nodes, strict=True)
        ]
        tied = [*self.inputs.example_input_arrays(), *self.inputs.handed_over()]
        general = [*self.shapes.configured(), *self.datasets.inputs()]
        self.losses.read(origins)
        smallest = self.datasets.smallest_batch()
        found = []
        for target, node, origin in zip(targets, nodes, origins, strict=True):
            inputs: list[InputEvidence] = [*directives.inputs(node, list(nodes))]
            inputs += [evidence for owner, evidence in tied if owner == origin]
            inputs += self.shapes.of(target.name) if target.kind == "class" else []
            inputs += self._of_relatives(origin, origins, tied)
            inputs += general
            fed = any(owner == origin and item.degree is Degree.FOLLOWED for owner, item in tied)
            counts = self.losses.class_counts(origin, fed)
            evidence = Evidence(self.losses.of(origin), counts, smallest)
            found.append(replace(target, inputs=tuple(_distinct(inputs)), evidence=evidence))
        return found

    def _of_relatives(
        self, origin: Origin, origins: list[Origin], tied: list[tuple[Origin, InputEvidence]]
    ) -> list[InputEvidence]:
        """What the file hands to another factory of the same kind (`ResNet18()` in a test, while
        `ResNet34` is not tried): likely, not sure."""
        if not isinstance(origin, str) or origin not in self.instances.factories:
            return []
        relatives = {
            other for other in origins if isinstance(other, str) and other in self.instances.factories
        }
        return [
            replace(evidence, general=True)
            for owner, evidence in tied
            if owner in relatives and owner != origin
        ]


def _distinct(inputs: list[InputEvidence]) -> Iterator[InputEvidence]:
    """The evidence without what says the same again in another place."""
    seen = set()
    for evidence in inputs:
        said = (
            evidence.shapes,
            tuple((expression.text, expression.prelude) for expression in evidence.expressions),
            tuple((expression.text, expression.prelude) for expression in evidence.sizes),
            evidence.channels_only,
            evidence.size_only,
            evidence.size_expression.text if evidence.size_expression is not None else None,
        )
        if said not in seen:
            seen.add(said)
            yield evidence
