"""The report as a page: the figures in words, tables and pictures."""

from __future__ import annotations

from importlib import resources

import jinja2

from pipeline.report import numbers
from pipeline.report.charts import charts
from pipeline.report.documents import WorkFolderDocuments
from pipeline.report.figures import ReportFigures

_TEMPLATE = "report.html"
# Characters that no HTML document may hold, escaped or not; a column's name may hold any.
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")


def page(figures: ReportFigures, documents: WorkFolderDocuments) -> str:
    """The HTML; every text of the figures is escaped.

    Args:
      figures: of the report.
      documents: that they come from.
    """
    template = _environment().from_string(resources.files("pipeline.report").joinpath(_TEMPLATE).read_text("utf-8"))
    html = template.render(dict(figures), absent=_absent(documents), charts=charts(figures, documents.path))
    return html.translate(_CONTROLS)


def _environment() -> jinja2.Environment:
    # Escaped, as names of columns may hold any sign of HTML; strict, as a misspelt name must be an error and no blank.
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for form in (numbers.auc, numbers.change, numbers.size, numbers.percent, numbers.count):
        # The template writes numbers by the same names as this package.
        environment.filters[form.__name__] = form
    return environment


def _absent(documents: WorkFolderDocuments) -> list[tuple[str, str]]:
    """What the page cannot show yet, and the command that makes it."""
    parts = [
        (documents.path, "The path of picks and the attention behind it", "winnow select CONFIG"),
        (documents.selection, "Which features are kept", "winnow select CONFIG"),
        (documents.proof, "The proof: full and pruned model trained from scratch", "winnow prove CONFIG"),
        (documents.measured, "Serving latency and size on disk", "winnow export CONFIG"),
        (documents.comparison, "Other selection methods on the same data", "winnow compare CONFIG"),
    ]
    return [(words, command) for document, words, command in parts if document is None]
