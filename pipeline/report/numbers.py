"""Numbers as a person reads them."""

from __future__ import annotations

MINUS = "\N{MINUS SIGN}"


def auc(value: float) -> str:
    """Four places, without the zero before the point; scores of picks, which are shown so too, may be negative."""
    return (MINUS if round(value, 4) < 0 else "") + f"{abs(value):.4f}".removeprefix("0")


def change(value: float) -> str:
    """A difference, with its sign."""
    return (MINUS if round(value, 4) < 0 else "+") + auc(abs(value))


def percent(value: float, digits: int = 1) -> str:
    """A share as percent."""
    # A hyphen is shorter than a plus, and browsers break lines after it.
    return f"{100 * value:.{digits}f} %".replace("-", MINUS)


def count(value: float) -> str:
    """A whole number, with commas at the thousands."""
    return f"{value:,.0f}"


def size(value: float) -> str:
    """Bytes in the unit that fits, three digits."""
    for unit in ("B", "kB", "MB", "GB"):
        # From here on three digits would be rounded up to 1000.
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.3g} TB"
