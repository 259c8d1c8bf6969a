"""Policies: the specification's example, quorums counted by hand, and files that are none."""

from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.note import COSIGNATURE, ED25519, Note, cosign, verifier_of, with_signatures
from trueware.tlog.policy import Policy, read_policy

LOG, OTHER_LOG = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
ORIGIN = "log.example/x"
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number, name in enumerate(NAMES, 10)}
VKEYS = {name: str(verifier_of(f"{name.lower()}.example", key, COSIGNATURE)) for name, key in KEYS.items()}
LOG_KEY = str(verifier_of(ORIGIN, LOG))
AT = Checkpoint(ORIGIN, 12, b"r" * 32)

# tlog-policy.md of C2SP, the example, with keys in their places
EXAMPLE = f"""log {LOG_KEY}

witness X1 {VKEYS["X1"]}
witness X2 {VKEYS["X2"]}
witness X3 {VKEYS["X3"]}
group X-witnesses 2 X1 X2 X3

witness Y1 {VKEYS["Y1"]}
witness Y2 {VKEYS["Y2"]}
witness Y3 {VKEYS["Y3"]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def cosigned(names: tuple[str, ...], log: Ed25519PrivateKey = LOG) -> bytes:
    note = checkpoint.sign(AT, log)
    lines = [cosign(note.text, f"{name.lower()}.example", KEYS[name], 1000 + place) for place, name in enumerate(names)]
    return bytes(with_signatures(note, lines))


def test_the_published_example() -> None:
    """Two of X and one of Y, whoever they are: all 64 sets of witnesses."""
    policy = read_policy(EXAMPLE.encode())
    for count in range(len(NAMES) + 1):
        for names in combinations(NAMES, count):
            enough = sum(name[0] == "X" for name in names) >= 2 and any(name[0] == "Y" for name in names)
            if enough:
                proved = policy.prove(cosigned(names))
                assert proved.checkpoint == AT
                assert {each.verifier.name for each in proved.witnesses} == {
                    f"{name.lower()}.example" for name in names
                }
                assert proved.seen_at == 1000 + count - 1
            else:
                with pytest.raises(UntrustedStatement, match=f"cosigned by {count} of the 6 witnesses"):
                    policy.prove(cosigned(names))


@pytest.mark.parametrize(("threshold", "needed"), [("any", 1), ("1", 1), ("2", 2), ("3", 3), ("all", 3)])
def test_thresholds(threshold: str, needed: int) -> None:
    """Words and numbers."""
    lines = [
        f"log {LOG_KEY}",
        *(f"witness {name} {VKEYS[name]}" for name in NAMES[:3]),
        f"group g {threshold} X1 X2 X3",
        "quorum g",
    ]
    policy = read_policy("\n".join(lines).encode())
    for count in range(4):
        if count >= needed:
            policy.prove(cosigned(NAMES[:count]))
        else:
            with pytest.raises(UntrustedStatement):
                policy.prove(cosigned(NAMES[:count]))


def test_one_witness_and_none() -> None:
    """A witness may be the quorum; without one, the log's signature is enough and is needed."""
    one = read_policy(f"log {LOG_KEY}\nwitness X1 {VKEYS['X1']} https://w.example/\nquorum X1\n".encode())
    assert one.prove(cosigned(("X1",))).seen_at == 1000
    assert list(one.urls.values()) == ["https://w.example/"]
    with pytest.raises(UntrustedStatement):
        one.prove(cosigned(("X2",)))
    none = read_policy(f"quorum none\nlog {LOG_KEY} https://log.example/\n".encode())
    assert none.prove(cosigned(())).seen_at is None
    with pytest.raises(UntrustedStatement, match="none of the keys"):
        none.prove(cosigned((), OTHER_LOG))
    with pytest.raises(UntrustedStatement, match="names no log"):
        Policy().prove(cosigned(()))


def test_any_of_the_logs_will_do() -> None:
    """And their keys may be of either kind, as may those of witnesses."""
    key = MLDSA44PrivateKey.from_seed_bytes(b"l" * 32)
    lines = f"log {LOG_KEY}\nlog {verifier_of(ORIGIN, key)}\nwitness X1 {verifier_of('pq.example', KEYS['X1'], COSIGNATURE)}\n"
    policy = read_policy(f"{lines}quorum X1\n".encode())
    text = str(AT)
    note = Note(text, (cosign(text, ORIGIN, key, 0), cosign(text, "pq.example", KEYS["X1"], 5)))

    assert policy.prove(bytes(note)).seen_at == 5
    with pytest.raises(UntrustedStatement):
        policy.prove(bytes(Note(text, note.signatures[:1])))
    with pytest.raises(UntrustedStatement):
        policy.prove(bytes(Note(text, note.signatures[1:])))


def test_a_log_is_no_witness_of_itself() -> None:
    """Though its key be named as one."""
    key = MLDSA44PrivateKey.from_seed_bytes(b"l" * 32)
    both = verifier_of(ORIGIN, key)
    policy = read_policy(f"log {both}\nwitness w {both}\nquorum w\n".encode())
    with pytest.raises(UntrustedStatement, match="cosigned by 0 of the 1"):
        policy.prove(bytes(Note(str(AT), (cosign(str(AT), ORIGIN, key, 5),))))


def test_comments_spaces_and_names_of_any_octets() -> None:
    """Whitespace is spaces and tabs; names are octets, not texts."""
    data = f"# a policy\n\t\n  log \t {LOG_KEY}\t\nwitness K {VKEYS['X1']}\n".encode()
    data += (
        b"witness \xe2\x84\xaa "
        + VKEYS["X2"].encode()
        + b"\nwitness \xff "
        + VKEYS["X3"].encode()
        + b"\n  # \xfe\nquorum \xff"
    )
    policy = read_policy(data)

    assert len(policy.witnesses) == 3
    policy.prove(cosigned(("X3",)))
    with pytest.raises(UntrustedStatement):
        policy.prove(cosigned(("X1", "X2")))


def test_more_than_a_thousand_are_refused() -> None:
    """Logs, witnesses and groups together."""
    groups = [f"group g{number} any {f'g{number - 1}' if number else 'X1'}" for number in range(1001)]
    with pytest.raises(MalformedInput, match="more than 1000"):
        read_policy("\n".join([f"witness X1 {VKEYS['X1']}", *groups, "quorum none"]).encode())


def test_groups_may_be_nested_as_deep_as_there_may_be_groups() -> None:
    """Without end of the stack."""
    groups = ["group g0 any X1", *(f"group g{number} 1 g{number - 1}" for number in range(1, 900))]
    policy = read_policy("\n".join([f"log {LOG_KEY}", f"witness X1 {VKEYS['X1']}", *groups, "quorum g899"]).encode())

    policy.prove(cosigned(("X1",)))
    with pytest.raises(UntrustedStatement):
        policy.prove(cosigned(()))


W = f"witness X1 {VKEYS['X1']}\nwitness X2 {VKEYS['X2']}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 quorum lines"),
        ("quorum none\nquorum none", "2 quorum lines"),
        ("quorum X1", "not defined before"),
        (f"quorum X1\n{W}", "not defined before"),
        (f"{W}group g any X3\nquorum g", "not defined before"),
        (f"{W}group g any g\nquorum g", "not defined before"),
        (f"{W}group g any none\nquorum g", "not defined before"),
        (f"{W}group g any\nquorum g", "no line of a policy"),
        (f"{W}group g 3 X1 X2\nquorum g", "3 of 2 members"),
        (f"{W}group g 0 X1 X2\nquorum g", "a threshold"),
        (f"{W}group g -1 X1\nquorum g", "a threshold"),
        (f"{W}group g +1 X1\nquorum g", "a threshold"),
        (f"{W}group g 01 X1\nquorum g", "a threshold"),
        (f"{W}group g \u0661 X1\nquorum g", "a threshold"),
        (f"{W}group g ANY X1\nquorum g", "a threshold"),
        (f"{W}group g any X1 X1\nquorum g", "member twice"),
        (f"{W}group g any X1\ngroup h any X1\nquorum h", "member twice"),
        (f"{W}group X1 any X2\nquorum X1", "is taken"),
        (f"{W}group g any X1\ngroup g any X2\nquorum g", "is taken"),
        (f"{W}group none any X2\nquorum none", "is taken"),
        (f"{W}witness X1 {VKEYS['X3']}\nquorum X1", "is taken"),
        (f"{W}witness X3 {VKEYS['X1']}\nquorum X1", "named before"),
        (f"{W}witness X3 {verifier_of('renamed', KEYS['X1'], COSIGNATURE)}\nquorum X1", "named before"),
        (f"log {LOG_KEY}\nlog {verifier_of('renamed', LOG)}\nquorum none", "named before"),
        (f"log {VKEYS['X1']}\nquorum none", "a log signs"),
        (f"witness X1 {verifier_of('x', KEYS['X1'], ED25519)}\nquorum X1", "a witness cosigns"),
        ("log x\nquorum none", "name\\+id\\+key"),
        (f"log {LOG_KEY} https://a https://b\nquorum none", "no line"),
        (f"{W}quorum X1 X2", "no line"),
        ("Quorum none", "no line"),
        ("quorum none\r\n", "octet 0x0d"),
        ("quorum\x0bnone", "octet 0x0b"),
        ("quorum none\x00", "octet 0x0"),
        ("quorum none\x7f", "octet 0x7f"),
        ("quorum\u00a0none", "no line"),
        ("#" * ((1 << 20) + 1), "more than"),
    ],
)
def test_what_is_no_policy_is_refused(text: str, reason: str) -> None:
    """With the reason, and where."""
    with pytest.raises(MalformedInput, match=reason):
        read_policy(text.encode())


def test_the_line_is_told() -> None:
    """By its offset."""
    with pytest.raises(MalformedInput) as caught:
        read_policy(b"quorum none\n# x\nnonsense\n")
    assert caught.value.offset == 16


def test_32_of_each_are_taken() -> None:
    """As is strongly recommended."""
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([number, 7]) * 16) for number in range(64)]
    lines = [f"log {verifier_of(f'log{number}', key)}" for number, key in enumerate(keys[:32])]
    lines += [
        f"witness w{number} {verifier_of(f'w{number}', key, COSIGNATURE)}" for number, key in enumerate(keys[32:])
    ]
    lines += [f"group g{number} any w{number}" for number in range(32)]
    policy = read_policy("\n".join([*lines, "quorum none"]).encode())

    assert (len(policy.logs), len(policy.witnesses), len(policy.groups)) == (32, 32, 32)


@given(st.binary(max_size=200) | st.text("logwitnesgrpqum 012#\n\tXY+=").map(str.encode))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    """And nothing else."""
    try:
        read_policy(data).prove(cosigned(("X1",)))
    except InputError:
        pass
    else:
        pytest.fail("nobody was trusted, and yet it holds")
