"""Documents about a small router of our own, in each format that is imported, and the folder that they are about.

They are made when a test runs, by the layouts of the specifications: nothing here comes from a program under test.
"""

import json
from collections.abc import Mapping
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

FILES: Mapping[str, bytes] = {
    **{f"usr/share/{n}": b"%d" % n * 90 for n in range(12)},
    "bin/run": b"program" * 40,
    "etc/conf": b"settings" * 9,
}


def write(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    """Make the folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def hexed(data: bytes) -> str:
    return sha256(data).hexdigest()


def cyclonedx(files: Mapping[str, bytes] = FILES, *, complete: bool = False, **more: Any) -> dict[str, Any]:
    """Return a BOM in JSON of the router and its files."""
    found: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [
            {"type": "file", "name": path, "hashes": [{"alg": "SHA-256", "content": hexed(data)}]}
            for path, data in files.items()
        ],
        "metadata": {
            "component": {
                "type": "firmware",
                "bom-ref": "it",
                "name": "Router",
                "version": "1.0",
                "purl": "pkg:generic/router@1.0",
                "cpe": "cpe:2.3:o:acme:router:1.0:*:*:*:*:*:*:*",
                "supplier": {"name": "Acme"},
            }
        },
        **more,
    }
    if complete:
        found["compositions"] = [{"aggregate": "complete", "assemblies": ["it"]}]
    return found


def cyclonedx_xml(files: Mapping[str, bytes] = FILES, *, complete: bool = False, version: str = "1.6") -> str:
    """Return the same in XML."""
    components = "".join(
        f'<component type="file"><name>{path}</name><hashes><hash alg="SHA-256">{hexed(data)}</hash></hashes></component>'
        for path, data in files.items()
    )
    composition = (
        '<composition><aggregate>complete</aggregate><assemblies><assembly ref="it"/></assemblies></composition>'
    )
    return (
        f'<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/{version}" version="1">'
        f"<components>{components}</components>"
        '<metadata><component type="firmware" bom-ref="it"><supplier><name>Acme</name></supplier><name>Router</name>'
        "<version>1.0</version></component></metadata>"
        f"<compositions>{composition if complete else ''}</compositions></bom>"
    )


def code(files: Mapping[str, bytes]) -> str:
    """Return the package verification code (SPDX 2.3 §7.9)."""
    sums = sorted(sha1(data, usedforsecurity=False).hexdigest() for data in files.values())
    return sha1("".join(sums).encode(), usedforsecurity=False).hexdigest()


def spdx2(files: Mapping[str, bytes] = FILES, *, verification: str | None = None, **package: Any) -> dict[str, Any]:
    """Return an SPDX document in JSON."""
    if verification is not None:
        package["packageVerificationCode"] = {"packageVerificationCodeValue": verification}
    return {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": "SPDXRef-Router",
            },
            *(
                {
                    "spdxElementId": "SPDXRef-Router",
                    "relationshipType": "CONTAINS",
                    "relatedSpdxElement": f"SPDXRef-{n}",
                }
                for n in range(len(files))
            ),
        ],
        "packages": [
            {
                "SPDXID": "SPDXRef-Router",
                "name": "Router",
                "versionInfo": "1.0",
                "supplier": "Organization: Acme (info@acme.example)",
                "downloadLocation": "NOASSERTION",
                **package,
            }
        ],
        "files": [
            {
                "SPDXID": f"SPDXRef-{n}",
                "fileName": f"./{path}",
                "checksums": [
                    {"algorithm": "SHA1", "checksumValue": sha1(data, usedforsecurity=False).hexdigest()},
                    {"algorithm": "SHA256", "checksumValue": hexed(data)},
                ],
            }
            for n, (path, data) in enumerate(files.items())
        ],
    }


def spdx2_tags(files: Mapping[str, bytes] = FILES, *, verification: str | None = None) -> str:
    """Return the same in tag-value."""
    lines = [
        "SPDXVersion: SPDX-2.3",
        "DataLicense: CC0-1.0",
        "SPDXID: SPDXRef-DOCUMENT",
        "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-Router",
        "",
        "PackageName: Router",
        "SPDXID: SPDXRef-Router",
        "PackageVersion: 1.0",
        "PackageSupplier: Organization: Acme (info@acme.example)",
        "ExternalRef: PACKAGE-MANAGER purl pkg:generic/router@1.0",
        "PackageComment: <text>of several",
        "FileName: this is no file</text>",
    ]
    if verification is not None:
        lines.append(f"PackageVerificationCode: {verification}")
    for n, (path, data) in enumerate(files.items()):
        lines += [
            "",
            f"FileName: ./{path}",
            f"SPDXID: SPDXRef-{n}",
            f"FileChecksum: SHA1: {sha1(data, usedforsecurity=False).hexdigest()}",
            f"FileChecksum: SHA256: {hexed(data)}",
        ]
    return "\n".join(lines) + "\n"


def spdx3(files: Mapping[str, bytes] = FILES, *, completeness: str | None = None) -> dict[str, Any]:
    """Return an SPDX 3.0.1 document in JSON-LD."""
    contains: dict[str, Any] = {
        "type": "Relationship",
        "spdxId": "urn:r:1",
        "from": "urn:router",
        "to": [f"urn:file:{n}" for n in range(len(files))],
        "relationshipType": "contains",
    }
    if completeness is not None:
        contains["completeness"] = completeness
    return {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1"},
            {"type": "Organization", "spdxId": "urn:acme", "name": "Acme"},
            {"type": "SpdxDocument", "spdxId": "urn:doc", "rootElement": ["urn:router"]},
            {
                "type": "software_Package",
                "spdxId": "urn:router",
                "name": "Router",
                "software_packageVersion": "1.0",
                "suppliedBy": "urn:acme",
                "software_packageUrl": "pkg:generic/router@1.0",
            },
            *(
                {
                    "type": "software_File",
                    "spdxId": f"urn:file:{n}",
                    "name": path,
                    "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": hexed(data)}],
                }
                for n, (path, data) in enumerate(files.items())
            ),
            contains,
        ],
    }


def swid(files: Mapping[str, bytes] = FILES, *, meta: str = "", inside: str = "") -> str:
    """Return a SWID tag; `meta`: attributes of Meta, `inside`: more elements."""
    listed = "".join(
        f'<File name={quoteattr(path)} size="{len(data)}" SHA256:hash="{hexed(data)}"/>' for path, data in files.items()
    )
    return (
        '<SoftwareIdentity xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd"'
        ' xmlns:SHA256="http://www.w3.org/2001/04/xmlenc#sha256" name="Router" tagId="t" version="1.0" xml:lang="en">'
        '<Entity name="Tagger" role="tagCreator"/><Entity name="Acme" role="softwareCreator"/>'
        f'<Meta {meta}/><Payload><Directory name="/">{listed}</Directory></Payload>{inside}</SoftwareIdentity>'
    )


def text(document: Any) -> bytes:
    """Return a document as it is stored."""
    return (document if isinstance(document, str) else json.dumps(document)).encode()
