"""Compressed streams: one region `data` inside each."""
