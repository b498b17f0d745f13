"""The report's figures as one document."""

import pytest

from tests.pipeline.report.small_run import documents, figures


def test_the_keys_of_report_json(tmp_path):
    numbers = figures(tmp_path, documents()).model_dump(mode="json")
    assert list(numbers) == [
        *("name", "label", "splits", "headline", "features", "path", "proof", "selection", "since", "compare", "measured"),
        *("data_quality", "provenance"),
    ]
    assert (numbers["name"], numbers["label"], numbers["splits"]) == (
        "small",
        "click",
        {"train": 80, "validation": 0, "test": 20},
    )
    assert list(numbers["headline"]) == [
        *(
            "features",
            "kept",
            "full_bytes",
            "bytes",
            "split",
            "rows",
            "seeds",
            "confidence",
            "full_auc",
            "full_interval",
            "full_features",
            "auc",
        ),
        *("interval", "auc_kept", "difference", "difference_interval", "examples_per_second", "latency_us"),
    ]
    assert list(numbers["provenance"]["seeds"]) == ["split", "selection", "training"]


@pytest.mark.parametrize(
    ("absent", "field", "empty"),
    [
        ("search/path.json", "path", []),
        ("proof/proof.json", "proof", []),
        ("selection/selection.json", "selection", None),
        ("compare/compare.json", "compare", None),
        ("model/measured.json", "measured", None),
    ],
)
def test_any_one_document_may_be_absent(tmp_path, absent, field, empty):
    contents = documents()
    del contents[absent]
    assert getattr(figures(tmp_path, contents), field) == empty
