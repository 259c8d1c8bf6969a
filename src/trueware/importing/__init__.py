"""Importers: one file = one kind of document in which others state reference values. `contract` is the form."""

from importlib import import_module

from trueware.importing.contract import Document, Importer

ANNOUNCED: dict[str, str] = {
    "debian": "debian",
    "sums": "sums",
    "opkg": "opkg",
    "apk": "apk_index",
    "gluon": "gluon",
    "tuf": "tuf_repository",
    "lvfs": "lvfs",
    "never-trust": "never_trust",
    "certificates": "certificates",
    "cyclonedx": "cyclonedx",
    "spdx": "spdx",
    "swid": "swid",
    "corim": "corim",
    "nsrl": "nsrl",
    "hashlookup": "hashlookup",
    "keylime-policy": "keylime_policy",
    "file-list": "file_list",
    "images": "images",  # any folder: after all that read one
    "list": "lists",  # reads whatever no other does: the last
}
"""Module by importer's name; imported when one is asked for. Recognition asks them in this order."""


def load(name: str) -> Importer:
    """Return the importer of that name.

    Raises:
        KeyError: there is none.
    """
    importer: Importer = import_module(f"trueware.importing.{ANNOUNCED[name]}").IMPORTER
    return importer


def recognise(document: Document) -> Importer | None:
    """Return the first importer that reads the document; None: no kind that is known."""
    return next((each for each in map(load, ANNOUNCED) if each.recognises(document)), None)
