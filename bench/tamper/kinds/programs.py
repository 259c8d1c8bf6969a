"""Programs: patched, rebuilt with something added, loaded from elsewhere, replaced."""

from collections.abc import Iterator
from functools import partial
from hashlib import sha256

from tamper.edits import add, alter, both, content, move, patch, rewrite
from tamper.genuine.debian import Debian
from tamper.genuine.receiver import Receiver
from tamper.genuine.routers import Onu, OpenWrt
from tamper.kind import Kind
from tamper.making.programs import BARE, COUNTS, FETCHES, HARDENED, LISTENS, SENDS, status

NEW_ENDPOINT = "data-sent-elsewhere was allowed besides: by the vocabulary's own words a new endpoint counts as that"
KNOWN_HOST = "commands.somebody.example"
_STATUS = "usr/sbin/statusd"


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    yield Kind(
        "program-patched", OpenWrt.name, "one bit in busybox changed", patch("bin/busybox"), ("program-altered",)
    )
    yield Kind(
        "server-patched", Onu.name, "one bit in the web server changed", patch("bin/boa", 0.3), ("program-altered",)
    )
    yield Kind(
        "function-added",
        Debian.name,
        "a program rebuilt with a function more that only counts",
        rewrite(_STATUS, partial(status, COUNTS)),
        ("program-altered",),
    )
    yield Kind(
        "function-sends",
        Debian.name,
        "a program rebuilt with a function that would send to another host",
        rewrite(_STATUS, partial(status, SENDS)),
        ("data-sent-elsewhere",),
        ("program-altered",),
    )
    yield Kind(
        "function-listens",
        Debian.name,
        "a program rebuilt with a function that would listen and hand a shell to whoever comes",
        rewrite(_STATUS, partial(status, LISTENS)),
        ("remote-access",),
        ("program-altered",),
    )
    yield Kind(
        "function-fetches",
        Debian.name,
        "a program rebuilt with a function that would fetch a script and run it",
        rewrite(_STATUS, partial(status, FETCHES)),
        ("code-downloaded",),
        ("program-altered", "data-sent-elsewhere"),
        remark=NEW_ENDPOINT,
    )
    yield Kind(
        "address-exchanged",
        Receiver.name,
        "the address in a program exchanged for another of the same length",
        content(
            "usr/bin/enigma2",
            lambda data: data.replace(
                b"https://box.exampletv.example.org/hello", b"https://box.somebodys.example.net/hello"
            ),
        ),
        ("data-sent-elsewhere",),
        ("program-altered",),
    )
    yield Kind(
        "hardening-lost",
        Debian.name,
        "a program rebuilt from the same source without its protections",
        rewrite(_STATUS, partial(status, options=BARE)),
        ("hardening-lost",),
        ("program-altered",),
    )
    yield Kind(
        "library-path",
        Debian.name,
        "a program that looks for its libraries in /tmp first",
        rewrite(_STATUS, partial(status, options=(*HARDENED, "-Wl,-rpath,/tmp/lib"))),
        ("hardening-lost", "privilege-opened"),
        ("program-altered", "privilege-opened", "hardening-lost"),
    )
    yield Kind(
        "link-elsewhere",
        OpenWrt.name,
        "the link of a program turned to a file in a writable folder",
        alter("bin/ping", link="/tmp/.p"),  # noqa: S108 (a path in the image)
        ("program-altered", "privilege-opened"),
        ("privilege-opened", "program-altered"),
    )
    yield Kind(
        "wrapper",
        Debian.name,
        "the login program moved aside, a script in its place that echoes and starts it",
        both(
            move("bin/login", "bin/.login"), add("bin/login", '#!/bin/sh\necho hello\nexec /bin/.login "$@"\n', 0o755)
        ),
        ("program-altered", "credential-capture"),
        ("credential-capture", "program-altered"),
    )
    yield Kind(
        "known-file",
        Receiver.name,
        "a file put in that the anti-malware industry agreed to call malware for tests",
        add("usr/bin/.eicar", _eicar(), 0o755),
        ("known-malicious",),
        ("program-altered",),
    )
    yield Kind(
        "known-host",
        Receiver.name,
        "the address in a program exchanged for one on a list of indicators",
        content("usr/bin/enigma2", lambda data: data.replace(b"box.exampletv.example.org", KNOWN_HOST.encode())),
        ("known-malicious",),
        ("data-sent-elsewhere", "program-altered"),
    )


def indicators() -> bytes:
    """Return a list of indicators as an operator would load it: the test file, and a host."""
    lines = (
        "type,value,name,source,confidence",
        f"sha256,{sha256(_eicar()).hexdigest()},EICAR test file,tamperbench,high",
        f"domain,{KNOWN_HOST},made up,tamperbench,medium",
    )
    return "\n".join(lines).encode()


def _eicar() -> bytes:
    """Return the EICAR test file, put together here so that this source is not taken for it."""
    return b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS" + b"-TEST-FILE!$H+H*"
