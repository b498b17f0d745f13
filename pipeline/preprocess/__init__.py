"""Preprocessing on Beam: two passes from raw rows to the transformed folder."""
