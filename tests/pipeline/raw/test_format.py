import pytest

from features.errors import DataError
from pipeline.raw.format import naming_unreadable


@pytest.mark.parametrize("error", [OSError("truncated"), EOFError("truncated")])
def test_what_a_file_cannot_be_read_for_is_said_with_its_name(error):
    with pytest.raises(DataError, match=r"^a\.csv: cannot be read as csv: truncated$"), naming_unreadable("a.csv", "csv"):
        raise error


def test_text_without_the_mark_of_its_encoding_is_said_with_the_remedy():
    with (
        pytest.raises(DataError, match=r"^a\.csv: .* does not start with BOM; look at data.encoding$"),
        naming_unreadable("a.csv", "csv"),
    ):
        raise UnicodeError("UTF-16 stream does not start with BOM")


def test_other_errors_stay_as_they_are():
    with pytest.raises(KeyError), naming_unreadable("a.csv", "csv"):
        raise KeyError("a")
