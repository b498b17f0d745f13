import pyarrow as pa
import pyarrow.csv

from pipeline.raw.arrow_csv import convert_options, one_block_options, parse_options, read_options
from tests.pipeline.raw.raw_files import data


def test_options_follow_the_config():
    config = data("a", quoted="multiline", missing=["NA"], delimiter=";")
    parse, convert = parse_options(config), convert_options(config, {"b": pa.string()})
    assert (parse.delimiter, parse.quote_char, parse.newlines_in_values) == (";", '"', True)
    assert parse_options(data("a", quoted=False)).quote_char is False
    assert (convert.include_columns, convert.null_values) == (["b"], ["", "NA"])
    table = pa.csv.read_csv(pa.BufferReader(b"1;NA\n2;x\n"), read_options(["a", "b"]), parse, convert)
    assert table.to_pydict() == {"b": [None, "x"]}


def test_one_block_numbers_invalid_rows():
    numbers = []
    parse = parse_options(data("a"), lambda row: numbers.append(row.number) or "skip")
    text = b"1\t2\n" * 5000 + b"1\n"
    pa.csv.read_csv(pa.BufferReader(text), one_block_options(["a", "b"], len(text)), parse)
    assert numbers == [5001]
