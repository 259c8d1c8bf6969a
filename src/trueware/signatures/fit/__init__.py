"""U-Boot's FIT: signatures over images, and over configurations with the images that they name.

A signature over an image (``/images/x/signature-1``):

 1. It is over the data of the image, and over nothing that is said of it: not what it is, nor where it is loaded. Images of
    different signed versions may be put together.

A signature over a configuration (``/configurations/c/signature-1``):

 2. The tree is one about which no two programs disagree (`tree`).
 3. ``hashed-nodes`` lists the root, this configuration and images that it names, with their digests, and nothing else: the list is
    not signed, and a configuration could bear the signature of another one, or leave out what it names.
 4. ``hashed-strings`` begins at 0 and holds the name of every property in the tree.
 5. The signature is over the regions of these nodes, without the data, and over these strings.
 6. The data of each image has the digests in its listed nodes, of which one at least is SHA-1 or better.

 7. The key is one at hand; ``key-name-hint`` only says which is tried first. That a signature is broken is known where a key at hand
    made it (RSA with PKCS#1 1.5) over something else.

Which configuration is booted (``default``) is not signed.

Sources: u-boot ``boot/image-fit-sig.c``, ``tools/image-host.c``, ``common/fdt_region.c``, ``doc/usage/fit/signature.rst``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import new
from typing import ClassVar

from trueware.formats.filler import is_filler
from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures.candidates import Candidate, candidates
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.fit.keys import HASHES, find_signer, is_known
from trueware.signatures.fit.tree import Flat, Node
from trueware.signatures.refusal import Refusal, uncheckable

_IMAGES, _CONFIGURATIONS = "/images", "/configurations"
_MOST_SIGNATURES = 64
_LONG = 1024
"""Bytes of a property from which the format makes it a part."""

_BUDGET = 8
"""Times the size of the file that is hashed, at most."""


class Fit:
    """Signatures in flattened image trees."""

    name: ClassVar[str] = "fit"
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "U-Boot FIT: signatures over images and configurations",
        ("u-boot boot/image-fit-sig.c", "u-boot tools/image-host.c", "u-boot doc/usage/fit/signature.rst"),
        (
            "Keys are in the boot loader: those at hand are tried. Changed data under ECDSA or PSS is not told from a strange key.",
            "Encrypted images are covered as they are, encrypted.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        view = site.view()
        if b"signature" not in bytes(view[: min(len(view), 1 << 26)]):
            return
        try:
            flat = Flat(view)
        except Refusal as refusal:
            yield Signature(Fit.name, site.path, refusal.outcome, refusal.detail, dated=False)
            return
        work = _Work(site, flat, candidates(context), _BUDGET * len(view))
        for number, node in enumerate(_signatures(flat)):
            if number >= _MOST_SIGNATURES:
                detail = f"more than {_MOST_SIGNATURES} signatures; the others were not looked at"
                yield Signature(Fit.name, site.path, Outcome.UNCHECKABLE, detail, dated=False)
                return
            yield work.checked(node)


def _signatures(flat: Flat) -> Iterator[Node]:
    """Yield the signature nodes of images and configurations."""
    for above in (_IMAGES, _CONFIGURATIONS):
        for owner in flat.nodes[above].children if above in flat.nodes else ():
            for path in flat.nodes[owner].children:
                if flat.nodes[path].name.startswith("signature"):
                    yield flat.nodes[path]


@dataclass(slots=True)
class _Work:
    site: Site
    flat: Flat
    keys: list[Candidate]
    budget: int

    def checked(self, node: Node) -> Signature:
        """Verify the signature of a node."""
        owner = self.flat.nodes[node.path.rpartition("/")[0]]
        is_image = owner.path.startswith(_IMAGES + "/")
        scheme = "fit-image" if is_image else "fit-configuration"
        at = node.properties.get("value", (None, None))[0]
        path = self.site.path
        if is_image and (part := self.site.child(owner.name)) is not None:
            path = part.path
        try:
            return self._image(node, owner, path, at) if is_image else self._configuration(node, owner, path, at)
        except Refusal as refusal:
            detail = f"{node.path}: {refusal.detail}"
            return Signature(scheme, path, refusal.outcome, detail, offset=at, dated=False)

    def _image(self, node: Node, owner: Node, path: str, at: int | None) -> Signature:  # 1
        algorithm, scheme, pad, value = self._stated(node)
        outcome, signer = find_signer(
            self._digest(algorithm, [self._data(owner)]), algorithm, scheme, pad, value, self._keys(node)
        )
        what = f"{algorithm} over the data of {owner.path}"
        covered = outcome is Outcome.VALID and self.site.child(owner.name) is not None and not self._has_more(owner, [])
        excludes = (f"what is said of {owner.path}: its type and addresses, and with which other images it is booted",)
        return Signature(
            "fit-image", path, outcome, self._told(outcome, what, node), signer,
            Coverage(paths=(path,), excludes=excludes) if covered else Coverage(), at, dated=False,
        )  # fmt: skip

    def _configuration(self, node: Node, owner: Node, path: str, at: int | None) -> Signature:
        algorithm, scheme, pad, value = self._stated(node)
        listed = self.flat.texts(node.path, "hashed-nodes")
        images = self._listed_images(listed, owner)  # 3
        strings = self.flat.value(node.path, "hashed-strings") or b""
        size = int.from_bytes(strings[4:])
        header = self.flat.header
        if len(strings) != 8 or any(strings[:4]) or size > header.strings_end - header.strings:  # 4
            uncheckable("the names of properties are not signed")
        signed = [*self.flat.regions(frozenset(listed)), self.flat.view[header.strings : header.strings + size]]
        outcome, signer = find_signer(
            self._digest(algorithm, signed), algorithm, scheme, pad, value, self._keys(node)
        )  # 5
        what = f"{algorithm} over the configuration {owner.name} and {len(images)} images"
        if outcome is not Outcome.VALID:
            return Signature(
                "fit-configuration", path, outcome, self._told(outcome, what, node), signer, offset=at, dated=False
            )
        if self.flat.names_end(frozenset(listed)) > size:
            uncheckable("the names of signed properties are not signed")
        paths: list[str] = []
        for image in images:
            self._require_digests(image, listed)  # 6
            part = self.site.child(image.name)
            if part is not None and not self._has_more(image, listed):
                paths.append(part.path)
        others = [each for each in self.flat.nodes[_IMAGES].children if self.flat.nodes[each] not in images]
        whole = not others and len(self.flat.nodes[_CONFIGURATIONS].children) == 1 and self._is_all(listed, images)
        excludes = [f"the image {each.rpartition('/')[2]}" for each in others[:16]]
        if not whole:
            excludes.append("which configuration is booted")
        return Signature(
            "fit-configuration", path, outcome, self._told(outcome, what, node), signer,
            Coverage(whole, tuple(paths), excludes=tuple(excludes)), at, dated=False,
            statements=(("configuration", owner.name),),
        )  # fmt: skip

    def _stated(self, node: Node) -> tuple[str, str, str, bytes]:
        """Return digest, kind of signature, padding and value."""
        algorithm, _, scheme = self.flat.text(node.path, "algo").partition(",")
        pad = self.flat.text(node.path, "padding") or "pkcs-1.5"
        value = self.flat.value(node.path, "value")
        if not value:
            uncheckable("it is a place for a signature, and there is none")
        if not is_known(algorithm, scheme) or pad not in ("pkcs-1.5", "pss"):
            uncheckable(f"a signature of kind {algorithm},{scheme} with padding {pad}")
        return algorithm, scheme, pad, value

    def _keys(self, node: Node) -> list[Candidate]:
        """Return the keys to be tried, those of the name that the signature hints at first."""
        hint = self.flat.text(node.path, "key-name-hint")
        return sorted(self.keys, key=lambda each: each.signer.name not in (hint, f"CN={hint}"))

    def _told(self, outcome: Outcome, what: str, node: Node) -> str:
        if outcome is Outcome.VALID:
            return what
        if outcome is Outcome.BROKEN:
            return f"{what}: a key at hand made the signature, over something else"
        hint = self.flat.text(node.path, "key-name-hint")
        return f"{what}: by none of {len(self.keys)} keys at hand (it names {hint!r})"

    def _listed_images(self, listed: list[str], owner: Node) -> list[Node]:
        """Return the images that are listed, which have to be named by the configuration."""
        if len(set(listed)) != len(listed) or "/" not in listed or owner.path not in listed:
            uncheckable("its list of nodes lacks the root or the configuration it stands in")
        named = {
            each for name in owner.properties if name != "description" for each in self.flat.texts(owner.path, name)
        }
        found = []
        for path in listed:
            if path in ("/", owner.path):
                continue
            parts = path.split("/")
            image = "/".join(parts[:3])
            if path not in self.flat.nodes or not path.startswith(_IMAGES + "/") or len(parts) > 4:
                uncheckable(f"its list of nodes has {path}, which is none of this configuration's")
            if parts[2] not in named or image not in listed:
                uncheckable(f"its list of nodes has {path}, which the configuration does not name")
            if len(parts) == 3:
                found.append(self.flat.nodes[path])
        if not found:
            uncheckable("its list of nodes has no image")
        return found

    def _require_digests(self, image: Node, listed: list[str]) -> None:
        """Compare the data of an image with its listed digests."""
        strong = False
        for path in image.children:
            if not self.flat.nodes[path].name.startswith("hash") or path not in listed:
                continue
            algorithm = self.flat.text(path, "algo")
            if algorithm not in HASHES:
                continue
            if self._digest(algorithm, [self._data(image)]) != self.flat.value(path, "value"):
                raise Refusal(Outcome.BROKEN, f"the data of {image.path} is not that of the signed {algorithm}")
            strong = True
        if not strong:
            uncheckable(f"no digest of {image.path} is signed")

    def _has_more(self, image: Node, listed: list[str]) -> bool:
        """Tell whether something long, which is a part below the image, is said of it outside of `listed` nodes."""
        below = [
            node for path, node in self.flat.nodes.items() if path == image.path or path.startswith(image.path + "/")
        ]
        return any(
            last - first > _LONG
            for node in below
            for name, (first, last) in node.properties.items()
            if name != "data" and node.path not in listed
        )

    def _data(self, image: Node) -> memoryview:
        start, end = self._place(image)
        return self.flat.view[start:end]

    def _place(self, image: Node) -> tuple[int, int]:
        """Return where the data of an image lies, which may be stated in one way only."""
        stated = [each for each in ("data", "data-offset", "data-position") if each in image.properties]
        if len(stated) != 1:
            uncheckable(f"{image.path} says in {len(stated)} ways where its data is")
        view, total = self.flat.view, self.flat.header.total
        start, end = image.properties[stated[0]]
        if stated[0] != "data":
            at, size = self._number(image, stated[0]), self._number(image, "data-size")
            start = at + (total + 3 & ~3 if stated[0] == "data-offset" else 0)
            end = start + size
            if start < total or end > len(view):
                uncheckable(f"the data of {image.path} is not there")
        return start, end

    def _number(self, image: Node, name: str) -> int:
        value = self.flat.value(image.path, name)
        if value is None or len(value) != 4:
            uncheckable(f"{name} of {image.path} is no number")
        return int.from_bytes(value)

    def _digest(self, algorithm: str, pieces: list[memoryview]) -> bytes:
        digest = new(algorithm, usedforsecurity=False)
        for piece in pieces:
            self.budget -= len(piece)
            if self.budget < 0:
                uncheckable("so many signatures over so much that they were not all verified")
            digest.update(piece)
        return digest.digest()

    def _is_all(self, listed: list[str], images: list[Node]) -> bool:
        """Tell whether nothing in the file is left but signatures, zeros, and what those who look for the default need."""
        allowed = {_IMAGES, _CONFIGURATIONS}
        rest = [node for path, node in self.flat.nodes.items() if path not in listed and path not in allowed]
        if not all(node.name.startswith("signature") and not node.children for node in rest):
            return False
        if self.flat.nodes[_IMAGES].properties.keys() - {"#address-cells"}:
            return False
        if self.flat.nodes[_CONFIGURATIONS].properties.keys() - {"default", "#address-cells"}:
            return False
        header, view = self.flat.header, self.flat.view
        if header.boot_cpu:
            return False
        aligned = min(header.strings_end + 3 & ~3, header.total)  # behind it mkimage leaves up to three stale bytes
        places = [(0, 40), (header.structure, header.structure_end), (header.strings, aligned)]
        places += [self._place(image) for image in images]
        at = 0
        for start, end in sorted(places):
            if start > at and (view[at] or not is_filler(view, at, start)):
                return False
            at = max(at, end)
        return at >= len(view) or (not view[at] and is_filler(view, at, len(view)))


_: type[Scheme] = Fit
