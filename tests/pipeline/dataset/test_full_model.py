"""What one would train without Winnow."""

from features.config import Config
from features.encoding import Encoding
from features.statistics import Statistics
from pipeline.dataset.full_model import EXCLUDED, FullModel
from tests.pipeline.selection.folders import transformed_of


def test_all_features_but_excluded_and_constant_ones_at_full_width(tmp_path):
    still, vector = Encoding("still", 4), Encoding("v", 0, length=3)
    encodings = [Encoding("a", 10), Encoding("leak", 4), Encoding("twin", 10, max_width=8), vector, still]
    statistics = [
        Statistics(name="a", count=9, distinct=5),
        Statistics(name="leak", count=9, distinct=2),
        Statistics(name="twin", count=9, distinct=5, duplicate_of="a"),
        Statistics(name="v", count=27, length=3),  # vectors are not told apart
        Statistics(name="still", count=9, distinct=1),
    ]
    document = {
        "name": "small",
        "work_dir": "work",
        "data": {"format": "parquet", "train": "train.parquet", "label": "click"},
        "features": [{"match": "*"}],
        "selection": {"budget": {"features": 1}, "exclude": ["leak"]},
    }
    full = FullModel.of(Config.model_validate(document), transformed_of(tmp_path, encodings, statistics))
    assert full.widths == {"a": 16, "twin": 8, "v": 3}
    assert full.without == {"still": "constant", "leak": EXCLUDED}
    assert full.bytes == 4 * (10 * 16 + 10 * 8)
