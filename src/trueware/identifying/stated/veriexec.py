"""The ``manifest`` of a package of Junos, by which its kernel knows the programs it may start: a path and digests in each line.

Source: FreeBSD ``lib/libsecureboot/veopen.c``, which reads such manifests, and ``sbin/veriexec``. Digests other than SHA-256, which
older packages state, are not compared: files are not measured by them. The signature beside the manifest is not verified.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar

from trueware.identifying.stated.contract import Stated, digest

_LINE = re.compile(r"^([^\s#][^\s]*+)[ \t]([^\n]*+)$", re.MULTILINE)
_SHA256 = "sha256="


class VeriexecFiles:
    """The files of a package."""

    file: ClassVar[str] = "manifest"

    @staticmethod
    def read(content: bytes, beside: Collection[str], contents: Mapping[str, bytes]) -> Iterator[Stated]:  # noqa: ARG004
        for path, attributes in _LINE.findall(content.decode("utf-8", "replace")):
            for attribute in attributes.split():
                if attribute.startswith(_SHA256) and (stated := digest(attribute.removeprefix(_SHA256))):
                    yield Stated(path.removeprefix("./"), stated)
