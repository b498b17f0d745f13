"""Mutated feature specs are refused, or can be shown, compared, and pruned with."""

from __future__ import annotations

import json

import numpy as np
from rich.console import Console

from features.errors import WinnowError
from features.spec import FeatureSpec
from pipeline.report.spec_difference import spec_difference
from pipeline.report.spec_tables import difference_lines, spec_table
from pipeline.tools.prune import prune
from tests.features.test_spec import VERSION_1
from tests.features.test_spec import document as small_document
from tests.fuzz.mutation import mutated_bytes, mutated_document
from tests.pipeline.tools.test_prune import TEXT, spec_of

DEEP = "[" * 20_000  # brackets, more than Python reads
LONE_SURROGATE = "\ud800"  # can be written in JSON, but not in UTF-8


def test_specs(campaign, work_folder):
    searched = spec_of()
    documents = [searched.model_dump(mode="json"), small_document(), json.loads(VERSION_1.read_text())]
    paths = {name: work_folder / name for name in ("spec.json", "other.json", "logs.yaml", "pruned.yaml")}
    paths["logs.yaml"].write_text(TEXT)
    paths["other.json"].write_text(searched.to_json())
    console = Console(file=(work_folder / "shown.txt").open("w"), width=200)
    donors = [*documents, [LONE_SURROGATE] * 50]

    def attempt(rng: np.random.Generator) -> None:
        document = documents[rng.integers(0, len(documents))]
        if rng.random() < 0.6:
            document = mutated_document(rng, document, donors)
        raw = json.dumps(document, ensure_ascii=rng.random() < 0.7).encode(errors="surrogatepass")
        if rng.random() < 0.3:
            raw = mutated_bytes(rng, raw, 3)
        if rng.random() < 0.01:
            raw = DEEP.encode()
        paths["spec.json"].write_bytes(raw)
        paths["pruned.yaml"].unlink(missing_ok=True)
        spec = FeatureSpec.load(paths["spec.json"])
        console.print(spec_table(spec))
        json.dumps(spec.model_dump(), allow_nan=False)
        for difference in (spec_difference(spec, FeatureSpec.load(paths["other.json"])), spec_difference(searched, spec)):
            console.print(difference_lines(difference))
            json.dumps(difference.model_dump(mode="json"), allow_nan=False)
        prune(paths["logs.yaml"], spec, paths["pruned.yaml"])

    tried = campaign("specs", short=300)
    tried.run(attempt, WinnowError)
    tried.check()
    assert {path.name for path in work_folder.iterdir()} <= {*paths, "shown.txt", "temporary"}
