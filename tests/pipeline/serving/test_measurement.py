"""What serving costs."""

from features.spec import FeatureSpec
from pipeline.serving import measurement


def test_both_models_are_timed_and_the_pruned_one_weighed(job, model, tmp_path, monkeypatch):
    from pipeline.dataset.transformed import Transformed
    from pipeline.serving.serving_model import serving_model

    monkeypatch.setattr(measurement, "BATCHES", (1, 4))
    monkeypatch.setattr(measurement, "TURNS", 3)
    transformed = Transformed(f"{job.work_dir}/transformed")
    pruned = serving_model(job, transformed, FeatureSpec.load(model).widths(), str(tmp_path / "graph"))
    measured = measurement.measure(job, transformed, pruned, model)
    assert {name: list(times) for name, times in measured.latency_us.items()} == {"full": ["1", "4"], "pruned": ["1", "4"]}
    assert min(us for times in measured.latency_us.values() for us in times.values()) > 0
    parts = [
        path for pattern in ("variables/*", "assets/*", "saved_model.pb") for path in (model / "saved_model").glob(pattern)
    ]
    assert measured.bytes_on_disk == {"pruned": sum(path.stat().st_size for path in parts)}
