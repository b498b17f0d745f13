import pytest

from features.errors import DataError
from pipeline.raw.accounts import Account, check_whole


def test_tables_follow_one_another():
    account = Account("a.csv")
    for span in ((5, 9), (9, 9), (9, 20)):
        account.add(span)
    assert account.span == (5, 20)
    for span in ((19, 30), (21, 30)):
        with pytest.raises(DataError, match=rf"a\.csv: was read to offset 20, but then from {span[0]}; has it changed"):
            account.add(span)


def test_shards_cover_the_file():
    check_whole("a.csv", [(0, 10), (10, 2000)], 2000)
    check_whole("a.csv.gz", [(0, 2000)], None)
    check_whole("a.parquet", [], 0)
    for spans in ([], [(0, 10)], [(1, 2000)], [(0, 10), (11, 2000)], [(0, 10), (9, 2000)]):
        with pytest.raises(DataError, match=r"a\.csv: was read to offset"):
            check_whole("a.csv", spans, 2000)
