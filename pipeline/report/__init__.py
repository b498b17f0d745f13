"""The report: figures, pictures and the page; feature specs as tables."""
