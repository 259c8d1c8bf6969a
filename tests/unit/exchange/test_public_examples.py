"""Every public example of CoRIM, CoMID, CoSWID and CoTL is read, and written again as it was."""

from pathlib import Path

import pytest
from tests.unit.exchange.public import (
    IN_TIME,
    KINDS,
    OTHERS,
    SIGNED,
    bare,
    examples,
    is_deterministic,
    kind_of,
    public_key,
    root,
)

from trueware.errors import InputError, UntrustedStatement
from trueware.exchange.corim import signed
from trueware.exchange.corim.codec import Notes

pytestmark = pytest.mark.corpus


def test_all_are_read_and_written_again(corpus: Path) -> None:
    """What is not read is known by name and reason; nothing else may fail."""
    counts: dict[str, int] = {}
    same = 0
    for path in examples(corpus):
        data = path.read_bytes()
        found = kind_of(data)
        if found is None:
            assert any(part in path.as_posix() for part in OTHERS), f"{path} is not read"
            continue
        kind, value, _ = found
        counts[kind] = counts.get(kind, 0) + 1
        again = KINDS[kind][1](value)
        came = value.encoded if kind == "signed CoRIM" else bare(data)
        if kind != "signed CoRIM":
            assert KINDS[kind][0](again, Notes()) == value, path
        assert (again == came) is is_deterministic(came), path
        same += again == came
    assert counts == {"signed CoRIM": 4, "CoRIM": 25, "CoMID": 40, "CoTL": 1, "CoSWID": 4}
    assert same == 56


@pytest.mark.parametrize(("name", "key"), SIGNED.items())
def test_signed_ones_verify_with_their_key_alone(corpus: Path, name: str, key: str) -> None:
    found = signed.parse((root(corpus) / name).read_bytes())
    proved = signed.verify(found, IN_TIME, [public_key(root(corpus) / key)])
    assert proved.spki == public_key(root(corpus) / key)
    other = public_key(root(corpus) / "veraison__services/both/integration-tests/data/keys/ec.p256.alt.jwk")
    with pytest.raises(UntrustedStatement, match="no key at hand signed it"):
        signed.verify(found, IN_TIME, [other])
    if found.validity is not None:
        for now in (found.validity.not_after + 1, (found.validity.not_before or 0) - 1):
            with pytest.raises(UntrustedStatement, match=r"valid before|expired"):
                signed.verify(found, now, [proved.spki])


@pytest.mark.parametrize("name", SIGNED)
def test_signed_ones_that_were_altered_do_not_verify(corpus: Path, name: str) -> None:
    """Each byte in turn; most are refused before the signature is asked."""
    data = (root(corpus) / name).read_bytes()
    key = public_key(root(corpus) / SIGNED[name])
    asked = 0
    for at in range(0, len(data), 3):
        altered = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            found = signed.parse(altered)
        except InputError:
            continue
        asked += 1
        with pytest.raises(UntrustedStatement):
            signed.verify(found, IN_TIME, [key])
    assert asked > 20


def test_the_one_with_a_bad_signature_is_refused(corpus: Path) -> None:
    with pytest.raises(InputError):
        signed.parse((root(corpus) / "veraison__cocli/open/data/corim/signed-corim-bad-signature.cbor").read_bytes())


def test_examples_of_the_draft_need_no_leniency(corpus: Path) -> None:
    """Nothing in the working group's own examples is told to be of an older draft."""
    for path in examples(corpus):
        if (
            "ietf-rats-wg__draft-ietf-rats-corim" in path.as_posix()
            and (found := kind_of(path.read_bytes())) is not None
        ):
            assert found[2] == [], path
