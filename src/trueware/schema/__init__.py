"""JSON Schemas of what trueware prints."""
