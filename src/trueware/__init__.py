"""trueware tells whether the software in a telecom or ICT product is genuine, and if not, exactly what was changed."""

__version__ = "0.1.0"
