"""The blobs of an OCI image layout: each is named by its digest.

Source: OCI image-spec ``image-layout.md``: the content of ``blobs/<algorithm>/<encoded>`` must match that digest. Where
``index.json`` is one of a layout, the names state the digests; what it points to is there under such a name.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.container_image import parsed
from trueware.identifying.stated.contract import Stated, digest

BLOBS = "blobs/sha256/"


class OciBlobs:
    """The blobs beside an index."""

    file: ClassVar[str] = "index.json"

    @staticmethod
    def read(content: bytes, beside: Collection[str], contents: Mapping[str, bytes]) -> Iterator[Stated]:  # noqa: ARG004
        index = parsed(content, "oci-index")
        if not isinstance(index, dict) or index.get("schemaVersion") != 2:
            raise MalformedInput("oci-index", 0, "no index of images")
        for path in beside:
            if path.startswith(BLOBS) and (stated := digest(path[len(BLOBS) :])):
                yield Stated(path, stated)
