"""Archives and packages."""
