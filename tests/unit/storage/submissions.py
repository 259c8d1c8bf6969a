"""Releases on their way into a store, made by hand; free of pytest, since processes that are killed import it too."""

from hashlib import sha256

from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.verdict import Authority
from trueware.registry.payload import Payload, encode
from trueware.registry.ports import Submission

PASSWD = b"root:x:0:0\n"
"""The account file that every `trees.firmware` holds."""


def submission(
    root: Part | None = None,
    *,
    product: str = "Router",
    version: str = "1",
    published: int = 100,
    claims: tuple[Claim, ...] = (),
    keep: bool = True,
) -> Submission:
    digest = (
        root.sha256
        if root is not None and root.sha256 is not None
        else sha256(f"{product} {version}".encode()).digest()
    )
    said = Payload(
        "Acme", product, version, Authority.GOLDEN_SAMPLE, digest, root.tree if root is not None else None,
        root.size if root is not None else 0, "generic", claims,
    )  # fmt: skip
    kept = {sha256(PASSWD).digest(): PASSWD} if root is not None and keep else {}
    return Submission(encode(said), published, f"{product}.bin", None, root, kept)
