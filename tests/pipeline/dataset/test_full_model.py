"""What one would train without Winnow."""

from features.config import Config
from features.encoding import Encoding
from features.statistics import Statistics
from pipeline.dataset.full_model import EXCLUDED, FullModel
from tests.pipeline.selection.folders import transformed_of


def test_all_features_but_the_excluded_ones_at_full_width(tmp_path):
    encodings = [Encoding("a", 10), Encoding("leak", 4), Encoding("twin", 10, max_width=8), Encoding("v", 0, length=3)]
    statistics = [Statistics(name=encoding.name, count=9, distinct=5) for encoding in encodings]
    statistics[2] = statistics[2].model_copy(update={"duplicate_of": "a"})
    document = {
        "name": "small",
        "work_dir": "work",
        "data": {"format": "parquet", "train": "train.parquet", "label": "click"},
        "features": [{"match": "*"}],
        "selection": {"budget": {"features": 1}, "exclude": ["leak"]},
    }
    full = FullModel.of(Config.model_validate(document), transformed_of(tmp_path, encodings, statistics))
    assert full.widths == {"a": 16, "twin": 8, "v": 3}
    assert full.without == {"leak": EXCLUDED}
    assert full.bytes == 4 * (10 * 16 + 10 * 8)
