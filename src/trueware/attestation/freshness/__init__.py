"""Freshness: whether evidence is an answer to what was asked now, and not an old one (RFC 9334 §10)."""
