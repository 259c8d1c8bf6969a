"""Android image wrappers."""
