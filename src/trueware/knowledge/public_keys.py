"""Keys whose secret halves anybody has: facts, each with its source, that ship with trueware.

A signature by one of them proves nothing. They bar nothing by themselves, since much genuine software carries them for want of a
better key: whoever wants that puts them on the registry's list (``trueware trust never --shipped``).
"""

import csv
from functools import cache
from importlib.resources import files

from trueware.model.anchor import Distrusted


@cache
def load_public_keys() -> dict[str, Distrusted]:
    """Return by id what is known of each key."""
    text = files("trueware.knowledge").joinpath("public_keys.csv").read_text("utf-8")
    return {
        row["id"]: Distrusted(row["id"], f"{row['what']}: {row['why']}", row["source"])
        for row in csv.DictReader(text.splitlines())
    }
