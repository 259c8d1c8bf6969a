"""Readers of what changed files are written in, one file for each syntax; detectors share them."""
