"""Part trees by hand, with the Merkle digests the model gives them."""

from collections.abc import Iterable
from hashlib import sha256

from trueware.model.merkle import container_digest, folder_digest, leaf_digest
from trueware.model.part import Kind, Part


def file(name: str, data: bytes, mode: int = 0o644, **fields: object) -> Part:
    digest = sha256(data).digest()
    tree = leaf_digest(Kind.FILE, digest, mode, 0, 0)
    return Part(name, Kind.FILE, tree, len(data), digest, mode, 0, 0)._replace(**fields)  # type: ignore[arg-type]


def folder(name: str, children: Iterable[Part]) -> Part:
    children = tuple(children)
    tree = folder_digest(children, 0o755, 0, 0)
    return Part(name, Kind.DIRECTORY, tree, mode=0o755, uid=0, gid=0, children=children)


def image(name: str, data: bytes, children: Iterable[Part], format_: str = "squashfs") -> Part:
    """Return a container that `data` stands for and that was read with certainty."""
    children = tuple(children)
    facts = (("root", "0755 0:0"),)
    tree = container_digest(Kind.FILE, children, None, None, None, (), format_, facts)
    digest = sha256(data).digest()
    return Part(name, Kind.FILE, tree, len(data), digest, format=format_, facts=facts, children=children)


def firmware(number: int = 1, files: int = 6) -> Part:
    """Return a small image: /etc with an account file, /bin with `files` programs, of which half are in every firmware."""
    programs = [
        file(f"tool{i}", b"shared %d" % i if i % 2 else b"own %d %d" % (number, i), 0o755) for i in range(files)
    ]
    etc = folder("etc", [file("passwd", b"root:x:0:0\n"), file("version", b"%d" % number)])
    return image(f"firmware-{number}.bin", b"image %d" % number, [etc, folder("bin", programs)])
