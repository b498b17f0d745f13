from pipeline.raw.piece import Piece, RawFile, whole


def test_a_file_that_cannot_be_entered_is_one_piece_to_its_end():
    assert whole(RawFile("a.gz", 10, 0.0)) == (Piece("a.gz", 0, -1),)
