"""The transformed folder: its documents, and its rows as batches."""
