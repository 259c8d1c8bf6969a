"""A registry with a log, and who runs it: for tests of what is done with logs."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.unit.registry.trees import firmware

from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus, Standing
from trueware.model.release import Entitlement
from trueware.registry.enrol import enrol
from trueware.registry.learn import learn
from trueware.registry.ledger import Registrar
from trueware.registry.ports import RegistryStore
from trueware.registry.publish import publish
from trueware.registry.signed import public_key
from trueware.registry.withdraw import withdraw
from trueware.tlog.policy import Policy

OPERATOR = Registrar("example.org/registry", Ed25519PrivateKey.from_private_bytes(bytes(32)))
ACME = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
POLICY = Policy((OPERATOR.verifier,))
LEAVES = 16
"""Of the log once `fill` has run."""


def publish_one(store: RegistryStore, version: str = "1", now: int = 20) -> str:
    """Publish a release of Acme's; returns its id."""
    root = firmware(int(version))
    said = {"publisher": "Acme", "product": "Router", "version": version, "private_key": ACME, "now": now}
    return publish(store, root, {}, (), **said).id  # type: ignore[arg-type]


def fill(store: RegistryStore) -> None:
    """Make every kind of change."""
    enrol(store, "Acme", [public_key(ACME)], [Entitlement("vendor", "Acme*")], 10)
    enrol(store, "Acme", [public_key(ACME)], [Entitlement("product", "Router*")], 11)
    withdraw(store, publish_one(store), "a flaw", 30)
    publish_one(store, "2", 40)
    learn(store, firmware(7), {}, (), publisher="Other", product="Box", version="1", now=50, source="a shelf")
    anchor = Anchor(
        "Acme", "spki:1", "spki", b"k" * 80, True, (Entitlement("product", "R*"),), 1, None, 2, "n", "a page"
    )
    store.add_anchors([anchor, replace(anchor, id="spki:2", data=b"k" * 60_000)], 60)
    store.revoke_anchor("Acme", "spki:1", "lost", 61)
    store.add_distrusted([Distrusted(f"sha256:{each:064x}", "leaked", "a list") for each in range(150)], 62)
    issued = CertificateStatus("Lab", "C-1", b"a" * 32, Standing.ISSUED, "EN 303 645", 1, 2)
    store.add_certificates([issued, replace(issued, standing=Standing.REVOKED, reason="why"), issued], 63)
