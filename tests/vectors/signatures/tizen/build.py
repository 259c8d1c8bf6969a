"""Builds the vectors of signatures of Tizen packages: openssl makes keys and certificates, xmlsec1 (Debian) signs, and verifies them.

Run it again and nothing changes, but for signatures by ECDSA, which are only made where there are none. The keys are for nothing else.
"""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
KEYS = HERE / "keys"
FILES = {
    "config.xml": b'<widget xmlns="http://www.w3.org/ns/widgets" id="http://example.org/app" version="1.0.0"/>\r\n',
    "index.html": b"<!DOCTYPE html><title>app</title>\n",
    "script/main.js": b"console.log('app');\n",
    "empty file&name.txt": b"",
}
DS, MORE, ENC = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
EXCLUSIVE, INCLUSIVE, INCLUSIVE_11 = (
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
)
DIGESTS = {"sha1": DS + "sha1", "sha256": ENC + "sha256", "sha384": MORE + "sha384", "sha512": ENC + "sha512"}


def run(*command: str, cwd: str | None = None) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, cwd=cwd).stdout


def keys() -> None:
    if KEYS.is_dir():
        return
    KEYS.mkdir()
    for name in ("author", "distributor", "elliptic"):
        kind = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256") if name == "elliptic" else ("rsa:2048",)
        out = ("-keyout", str(KEYS / f"{name}.key.pem"), "-out", str(KEYS / f"{name}.pem"))
        run("openssl", "req", "-x509", "-newkey", *kind, "-days", "7300", "-nodes", "-subj", f"/O=Trueware vectors/CN={name}", *out)


def template(files: Mapping[str, bytes], role: str, method: str, digest: str, form: str, prop_form: str) -> str:
    """Return a document for xmlsec1 to fill in, with namespaces and spaces as an awkward signer might write them."""
    one = "AuthorSignature" if role == "author" else "DistributorSignature"
    references = "".join(
        f'<Reference URI="{quote(name, safe="")}">\n<DigestMethod Algorithm="{DIGESTS[digest]}"/>\n<DigestValue></DigestValue>\n</Reference>\n'
        for name in files
    )
    transforms = f'<Transforms><Transform Algorithm="{prop_form}"/></Transforms>' if prop_form else ""
    return f"""<Signature xmlns="{DS}" xmlns:unused="urn:unused" Id="{one}">
<!-- a comment -->
<SignedInfo   Id='info' xmlns:z="urn:z" xmlns:a="urn:a"  z:odd="1 &lt; 2 &quot;&#9;&#10;" a:odd="&gt;&amp;">
<CanonicalizationMethod Algorithm="{form}"/>
<SignatureMethod Algorithm="{MORE if method != "rsa-sha1" else DS}{method}"/>
{references}<Reference URI="#prop">{transforms}<DigestMethod Algorithm="{DIGESTS[digest]}"/><DigestValue></DigestValue></Reference>
</SignedInfo>
<SignatureValue></SignatureValue>
<KeyInfo><X509Data><X509Certificate></X509Certificate></X509Data></KeyInfo>
<Object Id="prop"><SignatureProperties xmlns:dsp="http://www.w3.org/2009/xmldsig-properties"><SignatureProperty Id="profile" Target="#{one}"><dsp:Profile URI="http://www.w3.org/ns/widgets-digsig#profile"/></SignatureProperty><SignatureProperty Id="role" Target="#{one}"><dsp:Role URI="http://www.w3.org/ns/widgets-digsig#role-{role}"/></SignatureProperty><SignatureProperty xmlns="" xmlns:dsp="urn:other" Id="identifier"><?target data ?><![CDATA[<&>]]>\u00e9&#13;</SignatureProperty></SignatureProperties></Object>
</Signature>
"""


def signed(files: Mapping[str, bytes], role: str = "author", key: str = "author", method: str = "rsa-sha256", digest: str = "sha256", form: str = EXCLUSIVE, prop_form: str = INCLUSIVE_11) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        Path(folder, "in.tmpl").write_text(template(files, role, method, digest, form, prop_form))
        pair = f"{KEYS / f'{key}.key.pem'},{KEYS / f'{key}.pem'}"
        # a file's digest is that of its bytes: xmlsec1 needs no transform for that
        run("xmlsec1", "--sign", "--privkey-pem", pair, "--output", "out.xml", "in.tmpl", cwd=folder)
        run("xmlsec1", "--verify", "--pubkey-cert-pem", str(KEYS / f"{key}.pem"), "out.xml", cwd=folder)
        return Path(folder, "out.xml").read_bytes()


def write(case: str, files: Mapping[str, bytes], why: str, *expected: dict[str, object]) -> None:
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with zipfile.ZipFile(folder / "input.wgt", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(why + "\n")


def found(outcome: str, signer: str = "author", **more: object) -> dict[str, object]:
    certificate = run("openssl", "x509", "-in", str(KEYS / f"{signer or 'author'}.pem"), "-outform", "DER")
    return {"outcome": outcome, "signer": hashlib.sha256(certificate).hexdigest() if signer else None, **more}


def once(case: str, name: str, make: Callable[[], bytes]) -> bytes:
    path = HERE / case / "input.wgt"
    if path.exists():
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            return archive.read(name)
    return make()


keys()
A, S = "author-signature.xml", "signature1.xml"
author = signed(FILES)
both = {**FILES, A: author}
distributor = signed(both, "distributor", "distributor", "rsa-sha512", "sha512")
good = {**both, S: distributor}
fine = (found("valid", role="author"), found("valid", "distributor", role="distributor"))
write("both", good, "Author and distributor.", *fine)
for name, options in {
    "sha1": {"method": "rsa-sha1", "digest": "sha1"},
    "sha384": {"method": "rsa-sha384", "digest": "sha384"},
    "inclusive": {"form": INCLUSIVE, "prop_form": INCLUSIVE},
    "inclusive-11": {"form": INCLUSIVE_11, "prop_form": ""},
    "exclusive": {"form": EXCLUSIVE, "prop_form": EXCLUSIVE},
}.items():
    write(name, {**FILES, A: signed(FILES, **options)}, "Other algorithms, or canonical forms.", found("valid", role="author"))
elliptic = once("ecdsa", A, lambda: signed(FILES, key="elliptic", method="ecdsa-sha256"))
write("ecdsa", {**FILES, A: elliptic}, "Signed by ECDSA.", found("valid", "elliptic", role="author"))
write("changed", {**good, "index.html": b"<!DOCTYPE html><script src=x></script>\n"}, "A file was changed.", found("broken", named="index.html"), found("broken", "distributor", named="index.html"))
write("added", {**good, "script/mod.js": b"evil()"}, "A file was added.", *({**each, "excludes": "script/mod.js"} for each in fine))
write("removed", {name: data for name, data in good.items() if name != "script/main.js"}, "A file was taken away.", found("broken", named="script/main.js"), found("broken", "distributor", named="script/main.js"))
write("property", {**FILES, A: author.replace(b"#role-author", b"#role-distributor")}, "The role was changed.", found("broken"))
digest = base64.b64encode(hashlib.sha256(FILES["index.html"]).digest())
assert digest in author
write("information", {**FILES, "index.html": b"changed", A: author.replace(digest, base64.b64encode(hashlib.sha256(b"changed").digest()))}, "A file was changed, and its digest in the signature.", found("broken", ""))
wrapped = author.replace(b"<SignedInfo ", b'<Object Id="hidden"><SignedInfo ', 1).replace(b"</SignedInfo>", b"</SignedInfo></Object>", 1)
write("wrapped", {**FILES, A: wrapped}, "What is signed was moved to where it is not looked for.", found("not-checkable", ""))
write("twice", {**FILES, A: author.replace(b"</Signature>", b'<Object Id="prop"/></Signature>')}, "Two elements of one Id.", found("not-checkable", ""))
declared = author.replace(b"<Signature ", b'<!DOCTYPE x [<!ENTITY a "b">]><Signature ', 1)
write("entities", {**FILES, A: declared}, "A type declaration.", found("not-checkable", ""))
write("cut", {**FILES, A: author[:-40]}, "Cut.", found("not-checkable", ""))
sys.stdout.write("done\n")
