"""Frozen values that every other package shares: what was measured, what was claimed, what was concluded."""
