"""Images of containers, as they are saved: Docker's ``manifest.json`` and the ``index.json`` of an OCI layout.

Sources: moby ``image/tarexport``; OCI image-spec ``image-layout.md`` and ``annotations.md``. A name reads
``registry/product:version``.
"""

import json
import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.contract import claim
from trueware.model.claim import Claim

_MAX_NODES = 1024
"""Lists and objects in the text, which bounds its depth."""

_MAX_NAMES = 16
_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


class DockerManifest:
    """``manifest.json`` at the top of an image that ``docker save`` wrote; other files of that name claim nothing."""

    name: ClassVar[str] = "docker-manifest"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"manifest\.json")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        images = parsed(content, "docker-manifest")
        for image in images[:_MAX_NAMES] if isinstance(images, list) else ():
            if isinstance(image, dict) and "Layers" in image and isinstance(tags := image.get("RepoTags"), list):
                for tag in tags[:_MAX_NAMES]:
                    yield from _named(tag, "docker-manifest", part)


class OciIndex:
    """``index.json`` of an OCI image layout."""

    name: ClassVar[str] = "oci-index"
    wants: ClassVar[re.Pattern[str]] = re.compile(r"index\.json")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        index = parsed(content, "oci-index")
        manifests = index.get("manifests") if isinstance(index, dict) and index.get("schemaVersion") == 2 else None
        for manifest in manifests[:_MAX_NAMES] if isinstance(manifests, list) else ():
            annotations = manifest.get("annotations") if isinstance(manifest, dict) else None
            if isinstance(annotations, dict):
                name = next((annotations[key] for key in _ANNOTATIONS if key in annotations), None)
                yield from _named(name, "oci-index", part)


def parsed(content: bytes, source: str) -> object:
    """Return what a JSON text says.

    Raises:
        MalformedInput: it is none, or is nested beyond reason.
    """
    if content.count(b"[") + content.count(b"{") > _MAX_NODES:
        raise MalformedInput(source, 0, "more lists and objects than it has")
    try:
        return json.loads(content)
    except ValueError as error:
        raise MalformedInput(source, 0, f"not JSON ({type(error).__name__})") from error


def _named(name: object, source: str, part: str) -> Iterator[Claim]:
    """Yield product and version; the port of a registry also stands behind a colon, and a name may be a tag alone."""
    if not isinstance(name, str):
        return
    head, slash, last = name.rpartition("/")
    product, _, version = last.partition("@")[0].partition(":")
    yield from claim("product", f"{head}{slash}{product}", source, part)
    yield from claim("version", version, source, part)
