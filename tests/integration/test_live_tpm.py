"""A TPM as it runs: swtpm is manufactured, enrolled by a credential of ours, and quotes; then somebody cheats.

Debian: swtpm, swtpm-tools, tpm2-tools. No root is needed; all files and sockets are in a temporary folder.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from trueware.attestation.contract import Endorsements
from trueware.attestation.tpm.binding import bind_key
from trueware.attestation.tpm.clock import Course, compare
from trueware.attestation.tpm.credential import confirm, make_credential, seed_size
from trueware.attestation.tpm.endorsement import check_endorsement
from trueware.attestation.tpm.identity import identify
from trueware.attestation.tpm.pcrs import parse_pcr_file
from trueware.attestation.tpm.platform_certificate import check_platform_certificate
from trueware.attestation.tpm.public import Public, parse_public
from trueware.attestation.tpm.quote import Quoted, verify_quote
from trueware.attestation.tpm.quote_key import load_quote_key
from trueware.errors import EvidenceRefused
from trueware.model.check import Outcome

PROGRAMS = ("swtpm", "swtpm_setup", "swtpm_localca", "tpm2_quote")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason="no TPM to run: install swtpm, swtpm-tools and tpm2-tools"
)
SHOWN = "sha1:0,1+sha256:0,1,2,3,4,5,6,7,8,9,10"
EK_RSA, EK_ECC = "0x81010001", "0x81010016"
NV_RSA, NV_ECC, NV_PLATFORM = "0x01c00002", "0x01c00016", "0x01c08000"


@dataclass
class Tpm:
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        socket = self.folder / "s"
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder / 'state'}"]
        command += ["--server", f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl"]
        command += ["--flags", "not-need-init,startup-clear"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while not (socket.exists() and Path(f"{socket}.ctrl").exists()):
            assert self.process.poll() is None, "swtpm did not start"
            assert time.monotonic() < until, "swtpm is not there after ten seconds"
            time.sleep(0.01)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None
            for left in self.folder.glob("s*"):
                if left.is_socket():
                    left.unlink()

    def run(self, *command: str, flush: bool = True) -> None:
        env = {**os.environ, "TPM2TOOLS_TCTI": f"swtpm:path={self.folder / 's'}"}
        if flush:
            subprocess.run(["tpm2_flushcontext", "-t"], cwd=self.folder, env=env, check=True, capture_output=True)
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def make_key(self, parent: str, name: str, scheme: str = "ecdsa") -> Public:
        kind = "ecc" if scheme == "ecdsa" else "rsa"
        area = ("-u", f"{name}.pub", "-n", f"{name}.name")
        self.run("tpm2_createak", "-C", parent, "-c", f"{name}.ctx", "-G", kind, "-g", "sha256", "-s", scheme, *area)
        public = parse_public(self.read(f"{name}.pub"))
        assert public.name == self.read(f"{name}.name")
        return public

    def endorsement_key(self, handle: str) -> Public:
        self.run("tpm2_readpublic", "-c", handle, "-o", "ek.pub")
        return parse_public(self.read("ek.pub"))

    def certificate(self, index: str) -> bytes:
        self.run("tpm2_nvread", index, "-C", "o", "-o", "certificate.der")
        return self.read("certificate.der")

    def activate(self, key: str, endorsement: str, blob: bytes, *, policy: bool) -> bytes:
        """Open a credential by the attestation key `key` and the endorsement key at a handle."""
        (self.folder / "credential.blob").write_bytes(blob)
        auth: tuple[str, ...] = ()
        if policy:  # the older templates want TPM2_PolicySecret of the endorsement hierarchy
            self.run("tpm2_startauthsession", "--policy-session", "-S", "session.ctx")
            self.run("tpm2_policysecret", "-S", "session.ctx", "-c", "e")
            auth = ("-P", "session:session.ctx")
        files = ("-i", "credential.blob", "-o", "secret.out")
        self.run("tpm2_activatecredential", "-c", f"{key}.ctx", "-C", endorsement, *files, *auth)
        if policy:
            self.run("tpm2_flushcontext", "session.ctx")
        return self.read("secret.out")

    def quote(self, key: str, nonce: bytes, into: str, scheme: str = "") -> None:
        files = ("-m", f"{into}.msg", "-s", f"{into}.sig", "-o", f"{into}.pcrs")
        how = ("-g", "sha256", *(("--scheme", scheme) if scheme else ()))
        self.run("tpm2_quote", "-c", f"{key}.ctx", "-l", SHOWN, "-q", nonce.hex(), *files, *how)

    def extend(self, index: int, digest: bytes) -> None:
        self.run("tpm2_pcrextend", f"{index}:sha256={digest.hex()}")

    def verified(self, key: str, nonce: bytes | None, message: str, values: str = "") -> Quoted:
        public = load_quote_key(self.read(f"{key}.pub"))
        pcrs = parse_pcr_file(self.read(f"{values or message}.pcrs"))
        return verify_quote(self.read(f"{message}.msg"), self.read(f"{message}.sig"), public, nonce, pcrs)


@pytest.fixture(scope="module")
def tpm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tpm]:
    """A TPM with certificates of an authority of its own."""
    folder = tmp_path_factory.mktemp("t")
    state, authority = folder / "state", folder / "ca"
    state.mkdir()
    authority.mkdir()
    (folder / "localca.conf").write_text(
        f"statedir = {authority}\nsigningkey = {authority}/signkey.pem\n"
        f"issuercert = {authority}/issuercert.pem\ncertserial = {authority}/certserial\n"
    )
    (folder / "localca.options").write_text(
        "--platform-manufacturer ExampleTelco\n--platform-version 2.1\n--platform-model router-r1\n"
    )
    (folder / "setup.conf").write_text(
        f"create_certs_tool = {shutil.which('swtpm_localca')}\ncreate_certs_tool_config = {folder}/localca.conf\n"
        f"create_certs_tool_options = {folder}/localca.options\nactive_pcr_banks = sha1,sha256\n"
    )
    command = ["swtpm_setup", "--tpm2", "--tpmstate", str(state), "--config", str(folder / "setup.conf")]
    command += ["--create-ek-cert", "--create-platform-cert", "--lock-nvram", "--pcr-banks", "sha1,sha256"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    running = Tpm(folder)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tpm]:
    """Another TPM, as it comes out of the box."""
    folder = tmp_path_factory.mktemp("o")
    (folder / "state").mkdir()
    running = Tpm(folder)
    running.start()
    yield running
    running.stop()


def refused(tpm: Tpm, key: str, nonce: bytes | None, message: str, values: str = "") -> str:
    with pytest.raises(EvidenceRefused) as caught:
        tpm.verified(key, nonce, message, values)
    return caught.value.rule


def test_a_device_is_enrolled_and_quotes(tpm: Tpm, other: Tpm) -> None:
    # a credential for both keys comes back, by RSA and by ECDH
    public = tpm.make_key(EK_RSA, "ak")
    for handle, policy in ((EK_RSA, True), (EK_ECC, False)):
        endorsement = tpm.endorsement_key(handle)
        secret = os.urandom(32)
        credential = make_credential(endorsement, public.name, secret, os.urandom(seed_size(endorsement)))
        activated = confirm(credential, tpm.activate("ak", handle, credential.blob, policy=policy))
        for is_endorsed in (True, False):  # certificates: the next test
            (check,) = bind_key(
                public, None, Endorsements(), activated=activated, endorsement_key=endorsement, is_endorsed=is_endorsed
            )
            assert check.outcome is (Outcome.SUPPORTS if is_endorsed else Outcome.NOT_SHOWN)
    with pytest.raises(EvidenceRefused, match="credential-activation"):
        confirm(credential, bytes(32))

    # a credential for another attestation key is not opened
    wrong = make_credential(endorsement, b"\x00\x0b" + bytes(32), secret, os.urandom(seed_size(endorsement)))
    with pytest.raises(AssertionError, match="integrity check"):
        tpm.activate("ak", EK_ECC, wrong.blob, policy=False)

    # it quotes
    enrolled = Endorsements(enrolled={public.name: "router-7"})
    nonce = os.urandom(20)
    tpm.extend(4, bytes(range(32)))
    tpm.quote("ak", nonce, "first")
    first = tpm.verified("ak", nonce, "first")
    assert [check.outcome for check in first.checks] == [Outcome.SUPPORTS] * len(first.checks)
    assert bind_key(public, None, enrolled, device="router-7")[0].outcome is Outcome.SUPPORTS

    # a replay, and values that changed after the quote
    again = os.urandom(20)
    assert refused(tpm, "ak", again, "first") == "quote-nonce"
    tpm.extend(10, bytes(32))
    tpm.quote("ak", again, "second")
    second = tpm.verified("ak", again, "second")
    assert refused(tpm, "ak", nonce, "first", values="second") == "quote-pcr-digest"
    assert first.values["sha256"][4] == second.values["sha256"][4] != bytes(32)
    assert first.values["sha256"][10] != second.values["sha256"][10]
    assert compare(first.clock, second.clock) is Course.SAME_BOOT
    assert compare(second.clock, first.clock) in {
        Course.WENT_BACKWARDS,
        Course.SAME_BOOT,
    }  # the clock is in milliseconds

    # another TPM answers in its place
    other.run("tpm2_createek", "-c", "ek.ctx", "-G", "rsa", "-u", "ek.pub")
    stranger = other.make_key("ek.ctx", "ak")
    other.quote("ak", again, "theirs")
    other.verified("ak", again, "theirs")
    check = bind_key(stranger, None, enrolled, device="router-7")[0]
    assert (check.outcome, check.rule) == (Outcome.CONTRADICTS, "attestation-key-bound")
    (other.folder / "ours.pub").write_bytes(tpm.read("ak.pub"))
    assert refused(other, "ours", again, "theirs") == "quote-signature"


def test_certificates_that_the_factory_wrote_into_it(tpm: Tpm) -> None:
    authority = tpm.folder / "ca"
    root, between = (
        load_pem_x509_certificate((authority / name).read_bytes()).public_bytes(Encoding.DER)
        for name in ("swtpm-localca-rootca-cert.pem", "issuercert.pem")
    )
    now = int(time.time())
    certificates = []
    for handle, index in ((EK_RSA, NV_RSA), (EK_ECC, NV_ECC)):
        certificate = tpm.certificate(index)
        endorsement = tpm.endorsement_key(handle)
        endorsed = check_endorsement(certificate, endorsement, (root,), now, intermediates=(between,))
        assert [check.outcome for check in endorsed.checks] == [Outcome.SUPPORTS] * 4
        assert endorsed.model == "swtpm"
        stranger = parse_public(tpm.read("ak.pub")) if (tpm.folder / "ak.pub").exists() else tpm.make_key(EK_RSA, "ak")
        other = check_endorsement(certificate, stranger, (root,), now, intermediates=(between,))
        assert other.claims == ()
        certificates.append(endorsed.certificate.encoded)
    nonce = os.urandom(20)
    tpm.make_key(EK_RSA, "who")
    tpm.quote("who", nonce, "whose")
    quoted = tpm.verified("who", nonce, "whose")
    public, endorsement = parse_public(tpm.read("who.pub")), tpm.endorsement_key(EK_RSA)
    credential = make_credential(endorsement, public.name, os.urandom(16), os.urandom(seed_size(endorsement)))
    activated = confirm(credential, tpm.activate("who", EK_RSA, credential.blob, policy=True))
    sent = [between, tpm.certificate(NV_PLATFORM), *certificates]
    for enrolled, credentials in (({quoted.key_name: "router-7"}, None), ({}, activated)):
        found = identify(
            public,
            Endorsements(endorsement_roots=(root,), enrolled=enrolled),
            now,
            qualified_signer=quoted.qualified_signer,
            endorsement_key=endorsement,
            certificates=sent,
            activated=credentials,
        )
        assert {check.outcome for check in found.checks} == {Outcome.SUPPORTS}
        assert "router-r1" in {claim.value for claim in found.claims}
    nobody = identify(public, Endorsements((root,)), now, endorsement_key=endorsement, certificates=sent)
    assert nobody.claims == ()
    platform = check_platform_certificate(
        tpm.certificate(NV_PLATFORM), certificates, (root,), now, intermediates=(between,)
    )
    assert [claim.value for claim in platform.claims] == ["ExampleTelco", "router-r1", "2.1"]


def test_every_scheme_of_a_tpm(tpm: Tpm) -> None:
    for scheme in ("rsassa", "rsapss"):
        tpm.make_key(EK_RSA, scheme, scheme)
        nonce = os.urandom(32)
        tpm.quote(scheme, nonce, f"by-{scheme}", scheme)
        assert tpm.verified(scheme, nonce, f"by-{scheme}").nonce == nonce


def test_a_reboot_is_seen(other: Tpm) -> None:
    other.run("tpm2_createek", "-c", "ek.ctx", "-G", "rsa", "-u", "ek.pub")
    other.make_key("ek.ctx", "boot")
    other.run("tpm2_evictcontrol", "-c", "boot.ctx", "0x81020000")
    nonce = os.urandom(16)
    other.quote("boot", nonce, "before")
    other.run("tpm2_shutdown", "-c")
    other.stop()
    other.start()
    (other.folder / "boot.ctx").unlink()
    files = ("-m", "after.msg", "-s", "after.sig", "-o", "after.pcrs")
    other.run("tpm2_quote", "-c", "0x81020000", "-l", SHOWN, "-q", nonce.hex(), *files, "-g", "sha256")
    before, after = other.verified("boot", nonce, "before"), other.verified("boot", nonce, "after")
    assert compare(before.clock, after.clock) is Course.REBOOTED
    assert compare(after.clock, before.clock) is Course.CLEARED
