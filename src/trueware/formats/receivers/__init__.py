"""Containers in which firmware of television receivers comes, by file and over the air."""
