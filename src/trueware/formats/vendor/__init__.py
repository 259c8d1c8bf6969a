"""Containers in which makers of network devices ship their firmware."""
