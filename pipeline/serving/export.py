"""Export: the feature spec, the schema, the pruned transform graph, and the SavedModel that asks for the kept inputs only."""

from __future__ import annotations

import shutil
from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format

from features.allocation import Allocation
from features.config import Config
from features.path import SearchPath
from features.proof import Proof
from features.schema import schema_of
from features.selection import Selection
from features.spec import FILE, SCHEMA_FILE
from models.serving_model import SCORE, ServingModel
from pipeline.dataset.transformed import Transformed
from pipeline.runtime import files
from pipeline.runtime.workspace import Workspace
from pipeline.serving.feature_spec import make_spec
from pipeline.serving.golden_requests import GOLDEN_FILE, GoldenRequests
from pipeline.serving.measurement import BATCHES, measure
from pipeline.serving.saved_model import EXTRA, SAVED_MODEL
from pipeline.serving.serving_model import serving_model
from pipeline.serving.synthetic_requests import as_arguments, make_requests
from pipeline.serving.warmup_requests import WARMUP_FILE, write_warmup

# Golden requests: with so many, hardly any column is without a missing and an unseen value, and they take some kilobytes.
GOLDEN_ROWS = 64
GOLDEN_SHARE = 0.1  # of the golden values that are missing, and of those that no train row has


def export(config: Config, workspace: Workspace, folder: str) -> None:
    """Writes `feature_spec.json`, `schema.pbtxt`, `vocabulary/`, `transform/`, `saved_model/` and `measured.json`.

    Args:
      config: of the run.
      workspace: with the folders of the stages before.
      folder: to write into.
    """
    target, transformed = Path(folder), Transformed(workspace.folder("preprocess"))
    path = files.read_document(SearchPath, files.join(workspace.folder("search"), "path.json"))
    selection = files.read_document(Selection, files.join(workspace.folder("select"), "selection.json"))
    proof = files.read_document(Proof, files.join(workspace.folder("prove"), "proof.json"))
    kept = Allocation.of(selection.kept, transformed.encodings)
    # Tables that the selection has cut are served with as many rows as they were trained with.
    cut = transformed.cut(kept.rows)
    spec = make_spec(config, cut, path, selection, proof, target)
    spec.save(target)
    (target / SCHEMA_FILE).write_text(text_format.MessageToString(schema_of(spec)))
    weights = files.join(workspace.folder("prove"), "weights", "pruned")
    # The spec's own files, so that its checksums are of the very bytes that the graph holds.
    vocabularies = {feature.name: str(target / feature.vocabulary.file) for feature in spec.kept if feature.vocabulary}
    pruned = serving_model(config, cut, kept.widths, str(target / "transform"), vocabularies, weights)
    _save(pruned, cut, target)
    # Whole vocabularies again: the full model, which the pruned one is measured against, has them.
    files.write_document(files.join(folder, "measured.json"), measure(config, transformed, pruned, target))


def _save(pruned: ServingModel, transformed: Transformed, target: Path) -> None:
    """The SavedModel, with the spec, golden requests and warm-up requests in `assets.extra`."""
    signatures = pruned.signatures()
    tf.saved_model.save(pruned, str(target / SAVED_MODEL), signatures=signatures)
    extra = target / SAVED_MODEL / EXTRA
    extra.mkdir(exist_ok=True)
    # A SavedModel says by itself what it asks for, wherever it is copied to.
    shutil.copy(target / FILE, extra)
    statistics, inputs = transformed.statistics, pruned.inputs
    request = make_requests(inputs, transformed.features, statistics, GOLDEN_ROWS, missing=GOLDEN_SHARE, unseen=GOLDEN_SHARE)
    # Through the signature that clients call, so that its graph is what is verified later.
    scores = signatures["serving_default"](**as_arguments(request, inputs))[SCORE].numpy()
    GoldenRequests.of(request, scores).save(extra / GOLDEN_FILE)
    write_warmup(extra / WARMUP_FILE, request, inputs, [batch for batch in BATCHES if batch <= GOLDEN_ROWS])
