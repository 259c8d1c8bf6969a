"""Accounts and passwords: who came, who became root, and whose password anybody knows."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.accounts import Accounts
from trueware.explaining.reading.accounts import Password, password_of, read_accounts, read_groups, read_shadow
from trueware.explaining.reading.crypt_hashes import Scheme, fits, scheme_of
from trueware.model.finding import Severity

ROOT = "root:x:0:0:root:/root:/bin/ash\n"
PASSWD = ROOT + "daemon:*:1:1:daemon:/var:/bin/false\nuser:x:1000:1000::/home/user:/bin/sh\n"
STRONG = "$1$abc$oFKM42qXA5O5RBUaELnwg0"
OTHER = "zz0NrsgtiAjwc"
ADMIN = "$6$saltsalt$ZxoUf1bJzACFdk9GZkBGmxXd3Rq8nUoGjgon4GVoI91SlW41Ew2djlh60PmWr4flwags.7ULrKVSSmnCEsIOj1"


def passwd(before: str, after: str, **more: bytes) -> list[str]:
    extra = {"bin/sh": b"", **{f"etc/{name}": content for name, content in more.items()}}
    return rules(Accounts, case({"etc/passwd": before.encode(), **extra}, {"etc/passwd": after.encode(), **extra}))


def shadow(before: str, after: str, mutable: tuple[str, ...] = ()) -> list[str]:
    line = "root:{}:0:0:99999:7:::\n"
    made = case(
        {"etc/shadow": line.format(before).encode()}, {"etc/shadow": line.format(after).encode()}, mutable=mutable
    )
    return rules(Accounts, made)


@pytest.mark.parametrize(
    ("written", "password", "scheme"),
    [
        ("abOV.DfJmdnYw", "admin", Scheme.DES),
        ("zz0NrsgtiAjwc", "Xq9!kd72", Scheme.DES),
        ("$1$saltsalt$Y3BMhxQHmg7scgLILa56u1", "admin", Scheme.MD5),
        ("$1$$qRPK7m23GJusamGpoGLby/", "", Scheme.MD5),
        ("$1$q$Q6wrG7WgnNF3oYqTlRM1D0", "ö€", Scheme.MD5),
        ("$5$saltsalt$ajilCybiF3oQBEfeTHO1rkbsmz9HcJplt.gHWXkRfD4", "admin", Scheme.SHA256),
        ("$5$rounds=1000$salt$qOfjCda6YN/JiGzcA4MkoJaIXdhJzf.qd.KJPQZ7TA/", "correct horse", Scheme.SHA256),
        (ADMIN, "admin", Scheme.SHA512),
        (
            "$6$rounds=1000$a$TYHz69CJEfsDnBlda4IC5MHAXcRL45BbcM5AsawVKKezeaatweLa/RJ4UjW2CKep3gv7nZt.61hHWEgqBxy7s1",
            "x" * 70,
            Scheme.SHA512,
        ),
    ],
)
def test_hashes_of_another_program(written: str, password: str, scheme: Scheme) -> None:
    """Made by libxcrypt through Python's crypt module."""
    assert scheme_of(written) is scheme
    assert fits(written, password)
    assert not fits(written, "Y" + password)


def test_hashes_that_are_none_or_cannot_be_tried() -> None:
    assert scheme_of("*") is scheme_of("!" + ADMIN) is scheme_of("") is scheme_of("x") is None
    assert scheme_of("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7") is Scheme.OTHER
    assert not fits("$6$rounds=999999999$salt$" + "a" * 86, "admin"), "too costly to try"
    assert not fits("$2b$10$" + "a" * 53, "admin")


@pytest.mark.parametrize(
    ("secret", "meaning"),
    [
        ("", Password.NONE),
        ("x", Password.SHADOWED),
        ("*", Password.LOCKED),
        ("!", Password.LOCKED),
        ("!" + ADMIN, Password.LOCKED),
        ("*LK*", Password.LOCKED),
        (ADMIN, Password.HASHED),
        ("abOV.DfJmdnYw", Password.HASHED),
        ("##root", Password.SHADOWED),
    ],
)
def test_what_a_password_field_means(secret: str, meaning: Password) -> None:
    assert password_of(secret) is meaning


def test_a_root_account_was_added() -> None:
    made = case({"etc/passwd": PASSWD.encode()}, {"etc/passwd": f"{PASSWD}support::0:0::/:/bin/sh\n".encode()})
    first, second = findings(Accounts, made)
    assert (first.rule, first.severity) == ("account-root-added", Severity.HIGH)
    assert first.detail == "support: no password is asked for; its user number is 0"
    assert (first.evidence[0].where, first.evidence[0].found) == ("line 4", "support:…:0:0:…:/bin/sh")
    assert second.rule == "password-none"


def test_the_number_of_root_is_what_the_kernel_makes_of_it() -> None:
    assert "account-root-added" in passwd(PASSWD, PASSWD + "a:*:4294967296:0::/:/bin/sh\n")
    assert "account-root-added" in passwd(PASSWD, PASSWD + "a:*: 00:0::/:/bin/sh\n")


def test_an_account_became_root() -> None:
    assert passwd(PASSWD, PASSWD.replace("user:x:1000", "user:x:0")) == ["account-became-root"]
    assert passwd(PASSWD, PASSWD.replace("user:x:1000", "user:x:1001")) == []


def test_an_account_with_a_login_was_added_or_one_for_a_program() -> None:
    line = "mosquitto:x:200:200::/var:{}\n"
    hashed = f"mosquitto:{STRONG}:0:0:99999:7:::\n".encode()
    locked = b"mosquitto:!:0:0:99999:7:::\n"
    assert passwd(PASSWD, PASSWD + line.format("/bin/ash"), shadow=hashed) == ["account-login-added"]
    assert passwd(PASSWD, PASSWD + line.format("/bin/ash"), shadow=locked) == ["account-service-added"]
    assert passwd(PASSWD, PASSWD + line.format("/bin/false"), shadow=hashed) == ["account-service-added"]
    assert passwd(PASSWD, PASSWD + line.format("/bin/ash")) == ["account-login-added"], "no shadow at hand"


def test_a_shell_was_given() -> None:
    assert passwd(PASSWD, PASSWD.replace("/bin/false", "/bin/sh")) == ["account-shell-given"]
    assert passwd(PASSWD, PASSWD.replace("/bin/false", "/usr/sbin/nologin")) == []
    assert passwd(PASSWD, PASSWD.replace("/bin/ash", "/bin/bash")) == []


def test_an_account_is_gone() -> None:
    assert passwd(PASSWD, ROOT) == ["account-removed"] * 2


def test_other_order_comments_and_homes_say_nothing() -> None:
    rows = PASSWD.splitlines()
    assert passwd(PASSWD, "\n".join(["# made anew", *reversed(rows)]) + "\n") == []
    assert passwd(PASSWD, PASSWD.replace(":root:", ":the administrator:").replace("/home/user", "/srv/user")) == []


def test_a_password_was_taken_away() -> None:
    assert shadow(STRONG, "") == ["password-none"]
    assert shadow("*", "") == ["password-none"]
    assert shadow("", "") == []
    assert passwd(PASSWD, PASSWD.replace("root:x", "root:")) == ["password-none"]


def test_a_password_that_everybody_tries_first() -> None:
    made = case({"etc/shadow": b"root:*:::::::\n"}, {"etc/shadow": f"root:{ADMIN}:::::::\n".encode()})
    (found,) = findings(Accounts, made)
    assert (found.rule, found.detail) == ("password-known", "the password of root is 'admin'")
    assert found.evidence[0].found == "$6$salts… (SHA-512)"
    assert found.touches == ("file:etc/shadow",)
    assert shadow(STRONG, "abOV.DfJmdnYw") == ["password-known"]
    assert shadow("*", "$1$$qRPK7m23GJusamGpoGLby/") == ["password-known"], "the empty password"


def test_the_name_itself_is_tried() -> None:
    after = f"{PASSWD}support:$1$x$7z.jotx02s73nve7zpZhr0:500:500::/:/bin/sh\n"
    assert passwd(PASSWD, after) == ["account-login-added", "password-known"]


def test_another_password() -> None:
    assert shadow(STRONG, OTHER) == ["password-replaced"]
    assert shadow("*", OTHER) == ["password-unlocked"]
    assert shadow("", STRONG) == ["password-set"]
    assert shadow(STRONG, "!") == []


def test_an_owners_own_password_is_no_alarm() -> None:
    line = "root:{}:0:0:99999:7:::\n"
    for before in (STRONG, "*", ""):
        made = case(
            {"etc/shadow": line.format(before).encode()},
            {"etc/shadow": line.format(OTHER).replace(":0:0:", ":19000:0:").encode()},
            mutable=("etc/shadow",),
        )
        assert [each.severity for each in findings(Accounts, made)] == [Severity.INFO]
    assert shadow(STRONG, "", mutable=("etc/shadow",)) == ["password-none"]


def test_ageing_says_nothing() -> None:
    before, after = (f"root:{STRONG}:{day}:0:99999:7:::\n".encode() for day in (0, 19500))
    assert rules(Accounts, case({"etc/shadow": before}, {"etc/shadow": after})) == []


def test_an_account_without_a_shell_needs_no_password() -> None:
    files = {"bin/sh": b"", "etc/passwd": PASSWD.encode()}
    made = case({**files, "etc/shadow": b"daemon:*:::::::\n"}, {**files, "etc/shadow": b"daemon::::::::\n"})
    assert rules(Accounts, made) == []


def test_a_member_of_a_powerful_group() -> None:
    def group(after: str) -> list[str]:
        return rules(Accounts, case({"etc/group": b"root:x:0:\naudio:x:5:\n"}, {"etc/group": after.encode()}))

    assert group("root:x:0:user\naudio:x:5:\n") == ["group-member-added"]
    assert group("root:x:0:\naudio:x:5:user\n") == []
    assert group("root:x:0:root\naudio:x:5:\n") == []
    assert group("root:x:0:\naudio:x:5:\nsudo:x:27:user\n") == ["group-member-added"]


def test_where_there_were_no_accounts_root_is_none_that_was_added() -> None:
    assert rules(Accounts, case({}, {"etc/passwd": b"root:*:0:0::/:/bin/sh\nx:*:0:0::/:/bin/sh\n"})) == [
        "account-root-added"
    ]


def test_backups_and_programs_of_that_name_are_no_account_files() -> None:
    evil = b"x::0:0::/:/bin/sh\n"
    assert rules(Accounts, case({}, {"etc/passwd-": evil, "usr/bin/passwd": evil, "etc/pam.d/passwd": evil})) == []
    assert rules(Accounts, case({"etc_ro/passwd": ROOT.encode()}, {"etc_ro/passwd": ROOT.encode() + evil})) == [
        "account-root-added",
        "password-none",
    ]


def test_nothing_is_said_where_the_genuine_bytes_are_not_at_hand() -> None:
    made = case({"etc/passwd": ROOT.encode()}, {"etc/passwd": b"x::0:0::/:/bin/sh\n"}, at_hand=False)
    assert rules(Accounts, made) == []


def test_freebsd() -> None:
    line = "root:*:0:0::0:0:Charlie:/root:/bin/csh\n"
    after = line + "toor2::0:0::0:0::/root:/bin/sh\n"
    made = case({"etc/master.passwd": line.encode()}, {"etc/master.passwd": after.encode()})
    assert rules(Accounts, made) == ["account-root-added", "password-none"]


@given(st.binary(), st.binary())
def test_any_bytes_have_a_reading(before: bytes, after: bytes) -> None:
    for read in (read_accounts, read_shadow, read_groups):
        read(before)
    for name in ("passwd", "shadow", "group"):
        rules(Accounts, case({f"etc/{name}": before}, {f"etc/{name}": after}))


def test_tries_are_bounded() -> None:
    lines = "".join(f"u{n}:$6$salt{n}${'a' * 86}:::::::\n" for n in range(2000))
    started = time.process_time()
    rules(Accounts, case({"etc/shadow": b"root:*:::::::\n"}, {"etc/shadow": lines.encode()}))
    assert time.process_time() - started < 10
