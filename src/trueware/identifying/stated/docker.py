"""Images as ``docker save`` wrote them: a configuration named by its SHA-256, which states those of the layers.

Sources: moby ``image/spec/specs-go``, ``docker image spec v1.2``: the ``Config`` of ``manifest.json`` is ``<digest>.json``, and its
``rootfs.diff_ids`` are the digests of the layers as tar archives, in the order of ``Layers``. Since version 25 the names are those of
an OCI layout, whose blobs state their digests alike.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.identifying.container_image import parsed
from trueware.identifying.stated.contract import Stated, digest

_MAX_IMAGES = 64
_SHA256 = "sha256:"


class DockerLayers:
    """Configurations and layers of saved images."""

    file: ClassVar[str] = "manifest.json"

    @staticmethod
    def read(content: bytes, beside: Collection[str], contents: Mapping[str, bytes]) -> Iterator[Stated]:  # noqa: ARG004
        images = parsed(content, "docker-manifest")
        for image in images[:_MAX_IMAGES] if isinstance(images, list) else ():
            config = image.get("Config") if isinstance(image, dict) else None
            layers = image.get("Layers") if isinstance(image, dict) else None
            if not isinstance(config, str) or not isinstance(layers, list):
                raise MalformedInput("docker-manifest", 0, "no list of images")
            if stated := digest(config.rpartition("/")[2].removesuffix(".json")):
                yield Stated(config, stated)
            yield from _layers(contents.get(config, b"{}"), layers)


def _layers(config: bytes, layers: list[object]) -> Iterator[Stated]:
    described = parsed(config, "docker-config")
    system = described.get("rootfs") if isinstance(described, dict) else None
    digests = system.get("diff_ids") if isinstance(system, dict) else None
    for layer, text in zip(layers, digests if isinstance(digests, list) else (), strict=False):
        if isinstance(layer, str) and isinstance(text, str) and (stated := digest(text.removeprefix(_SHA256))):
            yield Stated(layer, stated)
