"""Updates of Android over the air: the package (a zip), and the payload in it."""
