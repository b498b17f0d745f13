"""What a training holds, by hand."""

import pytest

from features.config.model import TrainingConfig
from features.encoding import Encoding
from features.errors import ConfigError
from models import memory
from models.memory import Footprint, describe, human
from models.strategy import make_strategy
from models.table_layout import TableLayout

TRAINING = TrainingConfig(strategy="one_device")
LAYOUT = TableLayout([Encoding("a", 60), Encoding("tags", 40, length=3), Encoding("b", 10)], {"a": 4, "tags": 4, "b": 2})


def footprint(optimizer="rowwise_adagrad", batch=2, dense=False):
    return Footprint.of(LAYOUT, TRAINING.model_copy(update={"table_optimizer": optimizer}), batch, dense)


@pytest.mark.parametrize(
    ("optimizer", "bytes_of_a_row"),
    [("rowwise_adagrad", (2 * 4 + 4, 4 * 4 + 4)), ("adagrad", (2 * 8, 4 * 8)), ("adam", (2 * 12, 4 * 12))],
)
def test_tables_are_counted_with_their_accumulators(optimizer, bytes_of_a_row):
    narrow, wide = bytes_of_a_row
    assert footprint(optimizer).tables == {2: 10 * narrow, 4: 100 * wide}


def test_a_step_holds_what_it_looks_up_with_its_gradients():
    looked_up = 2 * 4 * (4 * 4 + 1 * 2)  # examples, bytes, and slots of each width
    assert footprint().gradients == looked_up
    assert footprint().activations == 2 * looked_up


def test_gradients_are_never_larger_than_the_tables():
    whole = 4 * (100 * 4 + 10 * 2)
    assert footprint(batch=1000).gradients == whole
    assert footprint(dense=True).gradients == whole


def test_servers_share_the_tables_and_hold_no_step():
    held = footprint()
    assert held.total() == 120 + 2000 + held.gradients + held.activations
    assert held.total(servers=3) == 707  # 2120 bytes over 3, rounded up


def test_what_lies_where_is_told():
    lines = describe(footprint(), make_strategy(TRAINING))
    assert lines == [
        "OneDeviceStrategy: everything on one device",
        "memory per device: 2.5 KiB (width 4: 100 rows, 2.0 KiB, width 2: 10 rows, 120 bytes)",
    ]


def test_what_cannot_fit_is_refused_with_its_largest_tables(monkeypatch):
    monkeypatch.setattr(memory, "room", lambda: 2000)
    with pytest.raises(ConfigError, match=r"needs 2.5 KiB on each device, which has 2.0 KiB; tables by size: width 4:"):
        describe(footprint(), make_strategy(TRAINING))


def test_room_is_no_more_than_the_machine_has():
    assert 2**28 < memory.room() <= 2**50


@pytest.mark.parametrize(("size", "words"), [(1023, "1023 bytes"), (1536, "1.5 KiB"), (2**50, "1024.0 TiB")])
def test_sizes_in_words(size, words):
    assert human(size) == words
