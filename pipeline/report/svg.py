"""Elements of SVG pictures, which take their colours from the page's style, so that one picture fits light and dark."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup


def svg(width: float, height: float, label: str, style: str) -> Element:
    """An empty picture.

    Args:
      width: in pixels.
      height: in pixels.
      label: what it shows, for readers who do not see it.
      style: its class in the page's style sheet.
    """
    # With a view box, the page can scale the picture to a narrow screen.
    size = {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
    return Element("svg", size | {"role": "img", "aria-label": label, "class": style})


def line(parent: Element, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
    """Draws a line."""
    SubElement(parent, "line", {"x1": str(x1), "y1": str(y1), "x2": str(x2), "y2": str(y2), "class": style})


def text(parent: Element, x: float, y: float, words: str, style: str) -> Element:
    """Writes words; returns their element."""
    element = SubElement(parent, "text", {"x": str(x), "y": str(y), "class": style})
    element.text = words
    return element


def title(parent: Element, words: str) -> None:
    """What a pointer over the element shows."""
    SubElement(parent, "title").text = words


def markup(root: Element) -> Markup:
    """The picture as text that is put into the page as it is: ElementTree has escaped every name in it."""
    return Markup(tostring(root, encoding="unicode"))
