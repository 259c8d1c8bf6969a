"""Sample images of a small router, made by us with `samples/build.py`: genuine, configured by its owner, and tampered with."""
