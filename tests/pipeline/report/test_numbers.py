"""Numbers as a person reads them."""

import pytest

from pipeline.report import numbers
from tests.pipeline.report.small_run import PLAIN


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (numbers.auc, 0.71768, ".7177"),
        (numbers.auc, 1.01441, "1.0144"),
        (numbers.auc, -0.49458, "-.4946"),
        (numbers.auc, -0.00001, ".0000"),
        (numbers.change, -0.00104, "-.0010"),
        (numbers.change, -0.00001, "+.0000"),
        (numbers.size, 0, "0 B"),
        (numbers.size, 999, "999 B"),
        (numbers.size, 999_600, "1 MB"),
        (numbers.size, 1_052_032, "1.05 MB"),
        (numbers.size, 3.2e12, "3.2 TB"),
        (numbers.percent, 0.0175, "1.8 %"),
        (numbers.count, 133545, "133,545"),
    ],
)
def test_numbers_as_a_person_reads_them(form, value, text):
    assert form(value).translate(PLAIN) == text
