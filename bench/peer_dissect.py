"""Walks an image with dissect and prints the SHA-256 of each regular file, as `openssl dgst -r` does; run by peers.py.

    python peer_dissect.py IMAGE

In an environment of its own, under build/bench: dissect is nothing that trueware needs or imports.
"""

import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO


def main() -> None:
    """Walk the image named on the command line."""
    with Path(sys.argv[1]).open("rb") as file:
        for name, node in _walk(_open(file), ""):
            try:
                print(f"{_digest(node)} *{name}")
            except Exception as error:  # noqa: BLE001 (a packing it does not know, in one file: it can read the others)
                sys.stderr.write(f"{name}: {error!r}\n")


def _digest(node: Any) -> str:
    digest = sha256()
    content = node.open()
    while data := content.read(1 << 20):
        digest.update(data)
    return digest.hexdigest()


def _open(file: BinaryIO) -> Any:
    head = file.read(4)
    file.seek(0)
    match head[:2]:
        case b"hs":
            return import_module("dissect.squashfs").SquashFS(file).root
        case b"\x85\x19":
            return import_module("dissect.jffs.jffs2").JFFS2(file).root
        case _:
            return import_module("dissect.extfs").ExtFS(file).root


def _walk(folder: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the path and node of all regular files below `folder`."""
    for name, node in folder.listdir().items():
        if name in {".", ".."}:
            continue
        # the node of an ext file system says what it is in another way than the others
        folder_too = node.is_dir() if hasattr(node, "is_dir") else S_ISDIR(node.filetype)
        if folder_too:
            yield from _walk(node, f"{path}{name}/")
        elif node.is_file() if hasattr(node, "is_file") else S_ISREG(node.filetype):
            yield f"{path}{name}", node


if __name__ == "__main__":
    main()
