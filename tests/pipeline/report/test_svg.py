"""Elements of pictures."""

from xml.etree import ElementTree

from pipeline.report.svg import line, markup, svg, text, title

HOSTILE = '</svg><script>alert("x")</script>&\'\N{RIGHT-TO-LEFT OVERRIDE}\N{GRINNING FACE}'


def test_every_word_is_escaped_and_read_back():
    root = svg(10, 20, HOSTILE, "plot")
    words = text(root, 1, 2.5, HOSTILE, "tick")
    title(words, HOSTILE)
    line(root, 0, 0, 1, 1, "axis")
    picture = str(markup(root))
    assert "<script>" not in picture
    read = ElementTree.fromstring(picture)
    assert read.get("aria-label") == read[0].text == read[0][0].text == HOSTILE
    assert (read.get("viewBox"), read[0].get("y"), read[1].get("class")) == ("0 0 10 20", "2.5", "axis")
