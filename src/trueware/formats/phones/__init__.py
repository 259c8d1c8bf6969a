"""Containers in which makers of phones hand out firmware."""
