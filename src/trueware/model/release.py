"""A release: one version of one product, as its publisher (or somebody with less authority) says it is."""

from dataclasses import dataclass, field

from trueware.model.claim import Claim
from trueware.model.verdict import Authority


@dataclass(frozen=True, slots=True)
class Publisher:
    """Somebody who publishes software, with the keys that speak for them and the claims they may make."""

    name: str
    keys: tuple[bytes, ...] = ()
    """Public keys, each a DER SubjectPublicKeyInfo."""

    entitlements: tuple["Entitlement", ...] = ()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A claim a publisher is entitled to: the claim's name and a shell-style pattern for its value, case-insensitive."""

    name: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Release:
    """What the registry knows of one release, without its manifest."""

    id: str
    """Hex SHA-256 of the release's statement; the same release published twice has one id."""

    publisher: str
    product: str
    version: str
    authority: Authority
    sha256: bytes
    """SHA-256 of the whole artefact; for a folder, its Merkle digest."""

    tree: bytes | None = None
    """Merkle digest of the artefact; None where only the digest of its bytes is known (an index)."""

    policy: str = "generic"
    """Name of the policy that says which paths a device may change in service."""

    claims: tuple[Claim, ...] = ()
    """What the genuine artefact says of itself."""

    published: int = 0
    """Seconds since 1970 when it entered the registry."""

    withdrawn: str | None = None
    """Why it was withdrawn; None while it stands."""

    source: str = ""
    """Where it came from: the artefact's file name, or the index it stands in."""

    statement: bytes | None = field(default=None, repr=False)
    """COSE_Sign1 by the publisher's key; None for the weaker authorities."""

    packings: bytes | None = field(default=None, repr=False)
    """SHA-256 of its list of packings (`trueware.registry.packings`); None where it has none."""

    portraits: bytes | None = field(default=None, repr=False)
    """SHA-256 of its list of portraits (`trueware.registry.portraits`); None where it has none."""

    logged: bool | None = None
    """Whether its statement was proved to be in the registry's log; None where the registry has no log, or nobody asked."""

    @property
    def at_fault(self) -> bool:
        """Whether what equals it is genuine with a warning: it was withdrawn, or should be in the log and is not."""
        return self.withdrawn is not None or self.logged is False

    @property
    def title(self) -> str:
        """How people call it: product, version and publisher."""
        name = f"{self.product} {self.version}".rstrip()
        return f"{name} of {self.publisher}" if self.publisher else name
