"""Builds the floor (`floor.c`) and makes sure that it unpacks the whole tree."""

import subprocess
import sys
from pathlib import Path

from packing import Codec
from tree import FOLDER, Tree

_ALWAYS = ("-lz", "-llzma", "-lcrypto")
_FASTER = (("HAVE_LIBDEFLATE", "-ldeflate", "libdeflate"), ("HAVE_ISAL", "-lisal", "ISA-L"))
_MORE = (("HAVE_ZSTD", "-lzstd", "libzstd"), ("HAVE_LZ4", "-llz4", "liblz4"), ("HAVE_LZO", "-llzo2", "liblzo2"))
_NEEDS = {Codec.ZSTD: "libzstd", Codec.LZ4: "liblz4", Codec.LZ4_PADDED: "liblz4", Codec.LZO: "liblzo2"}


def build_floor() -> tuple[Path, tuple[str, ...]]:
    """Compile floor.c; return the program and which libraries do its work.

    Raises:
        SystemExit: there is no C compiler, or the headers of zlib, liblzma and OpenSSL are missing.
    """
    program = FOLDER / "floor"
    base = ["gcc", "-O2", "-Wall", "-o", str(program), str(Path(__file__).with_name("floor.c"))]
    flags, links, names = [], [], []
    for macro, link, name in (*_FASTER, *_MORE):
        if subprocess.run([*base, f"-D{macro}", link, *_ALWAYS], capture_output=True, check=False).returncode == 0:
            flags.append(f"-D{macro}")
            links.append(link)
            names.append(name)
        else:
            sys.stderr.write(f"the floor is built without {name}\n")
    if subprocess.run([*base, *flags, *links, *_ALWAYS], check=False).returncode:
        raise SystemExit("the floor needs gcc and, from Debian, zlib1g-dev liblzma-dev libssl-dev")
    if missing := [name for _, _, name in _FASTER if name not in names]:
        sys.stderr.write(f"the floor is slower than it could be without {', '.join(missing)}\n")
    return program, (*names, "zlib" if missing else "liblzma", "OpenSSL")


def lacking(codecs: frozenset[Codec], libraries: tuple[str, ...]) -> list[str]:
    """Return the libraries that the floor was built without and would need to unpack `codecs`."""
    return sorted({_NEEDS[codec] for codec in codecs if codec in _NEEDS} - set(libraries))


def check_floor(floor: Path, image: Path, listing: Path, tree: Tree) -> None:
    """Make sure that the floor unpacks the tree: not more than it holds, and less only where the image holds equal content once.

    An archive that is one stream also holds its own headers.

    Raises:
        SystemExit: it does not.
    """
    told = subprocess.run((floor, image, listing), check=True, capture_output=True, text=True).stdout
    total = int(told.split()[1])
    most = total if image.suffix == ".gz" else tree.size
    if not tree.distinct <= total <= most:
        raise SystemExit(f"{image}: the floor unpacks {total} bytes of a tree of {tree.distinct} to {tree.size}")
