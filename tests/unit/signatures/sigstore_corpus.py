"""The bundles of sigstore-conformance, each a folder with what it is about and by whose word."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys

BUNDLES = Path(__file__).parents[2] / "vectors/signatures/sigstore"
DEFAULT = bytes.fromhex("a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf")
"""SHA-256 of the file that bundles of the conformance tests are about where none lies beside them."""


def keys_in(folder: Path) -> Iterator[Key]:
    """Yield the root that counts, and the key where it is by one.

    Raises:
        MalformedInput: the key is none.
    """
    root = folder / "trusted_root.json"
    yield from read_keys((root if root.exists() else BUNDLES / "trusted_root.json").read_bytes())
    if (folder / "key.pub").exists():
        yield from read_keys((folder / "key.pub").read_bytes())


def signatures_of_bundle(
    folder: Path, bundle: bytes | None = None, keys: tuple[Key, ...] | None = None
) -> list[Signature]:
    """Return what is found of a bundle, or of another one in its place."""
    files = {"artifact.sigstore.json": (folder / "bundle.sigstore.json").read_bytes() if bundle is None else bundle}
    if (folder / "artifact").exists():
        files["artifact"] = (folder / "artifact").read_bytes()
    signatures = signatures_in(files, tuple(keys_in(folder)) if keys is None else keys)
    return [each for each in signatures if each.scheme == "sigstore"]


def is_about_default(folder: Path, signatures: Iterable[Signature]) -> bool:
    """Tell whether what is valid is about the file that it has to be about, where that does not lie beside it."""
    if "dsse" in folder.name or "intoto" in folder.name or (folder / "artifact").exists():
        return True
    return all(each.coverage.digests == {DEFAULT} for each in signatures if each.outcome is Outcome.VALID)
