from features.encoding import Encoding


def test_widths_are_capped_by_the_feature_and_floats_bring_their_length():
    assert Encoding("a", rows=10).width(16) == 16
    assert Encoding("a", rows=10, max_width=4).width(16) == 4
    assert Encoding("a", rows=10, max_width=32).width(16) == 16
    assert Encoding("a", rows=0, length=7).width(16) == 7
