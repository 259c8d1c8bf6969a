"""The registry in PostgreSQL, for many writers and readers: needs ``trueware[postgres]``."""
