"""Builds the vectors of NFI headers as flash plug-ins look at them; run it again and nothing changes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

PAGES = b"pages of the flash " * 40
whole = b"NFI2" + b"dm7020hd".ljust(28, b"\0") + PAGES
write(
    "image",
    whole,
    "Text stands for the pages.",
    parts={"pages": region(PAGES)},
    facts={"kind": "NFI2", "machine": "dm7020hd"},
    findings=["unsupported"],
)
write("machine", patched(whole, 4, b"xx"), "A machine that is no Dreambox.")
