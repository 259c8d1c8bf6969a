"""Drives the readers over an artefact: bytes in, tree of measured parts out."""
