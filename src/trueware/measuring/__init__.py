"""Measuring: bytes in, tree of measured parts out.

The engine asks formats to read, hashes every content once on all cores, looks for formats within it, and assembles the tree
with its Merkle digests, under the ceilings of `trueware.model.limits.Limits`.
"""

from trueware.measuring.budget import Clock
from trueware.measuring.engine import Measurement, measure, measure_reading
from trueware.measuring.packings import Answer, Known, KnownList, Listed
from trueware.measuring.unclaimed import FALLBACK, Fallback, Scanner

__all__ = [
    "FALLBACK",
    "Answer",
    "Clock",
    "Fallback",
    "Known",
    "KnownList",
    "Listed",
    "Measurement",
    "Scanner",
    "measure",
    "measure_reading",
]
