"""Stores: the registry's port filled by memory and by SQLite."""
