"""Who it is, all in one: the devices of the corpus, and what is believed of certificates that somebody sends along."""

from dataclasses import replace
from pathlib import Path

from tests.unit.attestation.tpm.authorities import CORPUS_NOW, NOW, Authority, der
from tests.unit.attestation.tpm.simulator import Key

from trueware.attestation.contract import Endorsements
from trueware.attestation.tpm.attest import parse_quote
from trueware.attestation.tpm.binding import Activated, qualified_name
from trueware.attestation.tpm.identity import Identified, identify
from trueware.attestation.tpm.public import Public, parse_public
from trueware.model.check import Outcome

ROOT = Authority("root")
FACTORY = Authority("factory", ROOT)
EK = Key(scheme="rsassa")
EK_PUBLIC = parse_public(EK.public())
AK = parse_public(Key().public())
CERTIFICATES = (FACTORY.certificate, FACTORY.endorses(EK.secret))
ENROLLED = Endorsements(endorsement_roots=(ROOT.certificate,), enrolled={AK.name: "router-7"})
CHILD = qualified_name(qualified_name(bytes.fromhex("4000000b"), EK_PUBLIC), AK)


def told(found: Identified) -> dict[str, Outcome]:
    return {check.rule: check.outcome for check in found.checks}


def identified(
    *,
    key: Public = AK,
    endorsements: Endorsements = ENROLLED,
    signer: bytes = CHILD,
    certificates: tuple[bytes, ...] = CERTIFICATES,
    activated: Activated | None = None,
) -> Identified:
    return identify(
        key,
        endorsements,
        NOW,
        qualified_signer=signer,
        endorsement_key=EK_PUBLIC,
        certificates=certificates,
        activated=activated,
    )


def test_an_enrolled_child_of_a_certified_key() -> None:
    found = identified()
    assert set(told(found).values()) == {Outcome.SUPPORTS}
    assert {claim.name for claim in found.claims} == {"tpm-manufacturer", "tpm-model", "tpm-version"}


def test_certificates_of_another_tpm_are_no_claims() -> None:
    found = identified(signer=b"\x00\x0b" + bytes(32))  # enrolled, but in which TPM is not said
    assert told(found)["attestation-key-parent"] is Outcome.NOT_SHOWN
    assert found.claims == ()
    stranger = identified(key=parse_public(Key().public()))
    assert told(stranger)["attestation-key-bound"] is Outcome.NOT_SHOWN
    assert stranger.claims == ()
    forger = parse_public(Key().public())  # says that it is a child, and nobody knows it as a TPM's
    child = qualified_name(qualified_name(bytes.fromhex("4000000b"), EK_PUBLIC), forger)
    forged = identified(key=forger, signer=child)
    assert told(forged)["attestation-key-parent"] is Outcome.NOT_SHOWN
    assert told(forged)["attestation-key-bound"] is Outcome.NOT_SHOWN
    assert forged.claims == ()
    other = identified(certificates=(FACTORY.certificate, FACTORY.endorses(Key(scheme="rsassa").secret)))
    assert told(other)["endorsement-key"] is Outcome.CONTRADICTS
    assert other.claims == ()


def test_the_platform_certificate_of_another_device_is_no_claim() -> None:
    attributes = {"2.23.133.5.1.1": "ExampleTelco", "2.23.133.5.1.4": "router-r2", "2.23.133.5.1.6": "SN2"}
    platform = ("2.23.133.8.2",)
    own = FACTORY.endorses(EK.secret, uses=platform, attributes=attributes)
    found = identified(certificates=(*CERTIFICATES, own))
    assert told(found)["platform-certificate"] is Outcome.SUPPORTS
    assert {claim.name for claim in found.claims} >= {"brand", "model", "serial"}
    stranger = Key(scheme="rsassa").secret
    theirs = FACTORY.endorses(stranger, uses=platform, attributes=attributes)
    for sent in ((FACTORY.endorses(stranger), theirs), (theirs,)):  # both genuine, and of another TPM
        for certificates in ((*CERTIFICATES, *sent), (*sent, *CERTIFICATES)):
            copied = identified(certificates=certificates)
            assert told(copied)["platform-certificate"] is not Outcome.SUPPORTS
            assert not {claim.name for claim in copied.claims} & {"brand", "model", "serial"}


def test_an_activated_credential_is_enough() -> None:
    nobody = replace(ENROLLED, enrolled={})
    found = identified(endorsements=nobody, signer=b"", activated=Activated(AK.name, EK_PUBLIC.name))
    assert set(told(found).values()) == {Outcome.SUPPORTS}
    assert found.claims
    roots = (Authority("root").certificate,)
    software = identified(endorsements=Endorsements(roots), activated=Activated(AK.name, EK_PUBLIC.name))
    assert Outcome.SUPPORTS not in {
        told(software)[rule] for rule in ("attestation-key-bound", "attestation-key-parent")
    }
    assert software.claims == ()
    wrong = identified(endorsements=nobody, activated=Activated(EK_PUBLIC.name, EK_PUBLIC.name))
    assert told(wrong)["attestation-key-bound"] is Outcome.CONTRADICTS
    assert wrong.claims == ()


def test_a_key_alone_and_junk_among_certificates() -> None:
    found = identify(None, ENROLLED, NOW, certificates=(b"junk", b"", *CERTIFICATES))
    assert told(found)["attestation-key-bound"] is Outcome.NOT_SHOWN
    assert told(found)["endorsement-chain"] is Outcome.NOT_SHOWN
    assert found.claims == ()
    assert [check.rule for check in identify(AK, ENROLLED, NOW).checks] == ["attestation-key-bound"]


def test_every_device_of_the_corpus(attest: Path) -> None:
    reference = attest / "real" / "reference"
    roots = (der(reference / "ek_ca_root.pem"),)
    between = der(reference / "ek_ca_issuer.pem")
    seen = 0
    for folder in sorted((attest / "real" / "open").iterdir()):
        if not folder.is_dir():
            continue
        names = ("platform_cert.der", "ek_ecc_cert.der", "ek_rsa_cert.der")
        certificates = [(folder / name).read_bytes() for name in names]
        for key, stem in (("ak", "quote"), ("ak_rsa", "quote_rsa")):
            public = parse_public((folder / f"{key}.pub").read_bytes())
            quote = parse_quote((folder / "t0_boot" / f"{stem}.msg").read_bytes())
            found = identify(
                public,
                Endorsements(endorsement_roots=roots, enrolled={public.name: folder.name}),
                CORPUS_NOW,
                qualified_signer=quote.qualified_signer,
                device=folder.name,
                endorsement_key=parse_public((folder / "ek.pub").read_bytes()),
                certificates=[*certificates, between],
            )
            assert set(told(found).values()) == {Outcome.SUPPORTS}
            claims = {claim.name: claim.value for claim in found.claims}
            assert (claims["brand"], claims["model"], claims["tpm-model"]) == ("ExampleTelco", "router-r1", "swtpm")
            seen += 1
    assert seen >= 18


def test_a_key_made_in_software_is_no_child(attest: Path) -> None:
    folder = attest / "real" / "attacks" / "open" / "software_key_ak"
    quote = parse_quote((folder / "quote.msg").read_bytes())
    found = identify(
        parse_public((folder / "ak.pub").read_bytes()),
        Endorsements(endorsement_roots=(der(attest / "real" / "reference" / "ek_ca_root.pem"),)),
        CORPUS_NOW,
        qualified_signer=quote.qualified_signer,
        endorsement_key=parse_public((folder / "ek.pub").read_bytes()),
        certificates=[
            (folder / "ek_rsa_cert.der").read_bytes(),
            der(attest / "real" / "reference" / "ek_ca_issuer.pem"),
        ],
    )
    (chain,) = (check for check in found.checks if check.rule == "endorsement-chain")
    assert chain.outcome is Outcome.NOT_SHOWN  # copied from the genuine device
    assert chain.detail == "issued by swtpm-localca; but that the attestation key is in this TPM is not shown"
    assert told(found)["attestation-key-parent"] is Outcome.NOT_SHOWN
    assert told(found)["attestation-key-bound"] is Outcome.NOT_SHOWN
    assert found.claims == ()
