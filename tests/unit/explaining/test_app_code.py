"""What is said of an app whose code changed, and what is not."""

from dataclasses import replace

import pytest
from tests.unit.explaining.cases import File, case, findings, rules
from tests.unit.explaining.dex_builder import RETURN_VOID, Operation, Written, call, const, program

from trueware.explaining.contract import Altered, Case
from trueware.explaining.detectors.app_code import CodeOfApp
from trueware.explaining.portraits.dex import portray_dex
from trueware.model.finding import Finding, Severity
from trueware.model.part import Part

MAIN = Written("Lorg/x/Main;", {"run()V": [call("Lorg/x/Main;->stop()V"), RETURN_VOID], "stop()V": [RETURN_VOID]})
SMS = call("Landroid/telephony/SmsManager;->sendTextMessage(Ljava/lang/String;)V")
EXEC = call("Ljava/lang/Runtime;->exec(Ljava/lang/String;)V")


def evil(*operations: Operation, name: str = "Lcom/evil/A;") -> Written:
    return Written(name, {"f()V": [*operations, RETURN_VOID]})


def told(before: list[Written], after: list[Written]) -> list[str]:
    return rules(CodeOfApp, case({"classes.dex": program(before)}, {"classes.dex": program(after)}))


def found(before: list[Written], after: list[Written], rule: str) -> Finding:
    made = case({"classes.dex": program(before)}, {"classes.dex": program(after)})
    return next(each for each in findings(CodeOfApp, made) if each.rule == rule)


def test_a_program_written_anew_is_the_same() -> None:
    """Other numbers everywhere, and the same code."""
    made = case({"classes.dex": program([MAIN])}, {"classes.dex": program([MAIN], strings=("A", "http", "zz"))})

    assert rules(CodeOfApp, made) == ["app-code-repacked"]


def test_classes_that_moved_between_files_are_none_changed() -> None:
    """From one file into a new one, and from a file that is gone."""
    other = evil(name="Lorg/x/Other;")
    moved = case(
        {"classes.dex": program([MAIN, other])}, {"classes.dex": program([MAIN]), "classes2.dex": program([other])}
    )
    joined = case(
        {"classes.dex": program([MAIN]), "classes2.dex": program([other])}, {"classes.dex": program([MAIN, other])}
    )

    assert rules(CodeOfApp, moved) == ["app-code-repacked", "app-code-repacked"]
    assert rules(CodeOfApp, joined) == ["app-code-repacked", "app-code-repacked"]


def test_files_of_other_packages_are_others() -> None:
    """A class that went from one app into another changed both."""
    genuine = {"a/classes.dex": program([MAIN, evil()]), "b/classes.dex": program([evil(name="Lb/B;")])}
    suspect = {"a/classes.dex": program([MAIN]), "b/classes.dex": program([evil(name="Lb/B;"), evil()])}
    made = case(genuine, suspect)
    apart = replace(made, altered=tuple(_in_package(each) for each in made.altered))

    assert rules(CodeOfApp, apart) == ["app-code-added", "app-code-removed"]


def _in_package(altered: Altered) -> Altered:
    return Altered(altered.change, "classes.dex", altered._genuine, altered._suspect)


def test_an_added_class() -> None:
    finding = found([MAIN], [MAIN, evil()], "app-code-added")

    assert finding.detail == "1 classes in com.evil"
    assert [(each.where, each.found) for each in finding.evidence] == [
        ("package com.evil", "1 classes, such as com.evil.A")
    ]
    assert told([MAIN], [MAIN, evil()]) == ["app-code-added"]


def test_a_removed_class() -> None:
    assert told([MAIN, evil()], [MAIN]) == ["app-code-removed"]


def test_a_changed_method_is_named() -> None:
    """With digests of both pieces of code, where both are at hand."""
    other = Written("Lorg/x/Main;", {**MAIN.methods, "stop()V": [b"\0\0", RETURN_VOID]})
    finding = found([MAIN], [other], "app-code-changed")

    assert [each.where for each in finding.evidence] == ["org.x.Main.stop()V"]
    assert finding.evidence[0].expected != finding.evidence[0].found
    assert told([MAIN], [other]) == ["app-code-changed"]


CALLS = [
    ([SMS], "app-code-sends-messages", "api:Landroid/telephony/SmsManager;->sendTextMessage"),
    ([const("content://sms/inbox")], "app-code-reads-communications", None),
    (
        [call("Landroid/telephony/TelephonyManager;->getDeviceId()V")],
        "app-code-identifies-device",
        "api:Landroid/telephony/TelephonyManager;->getDeviceId",
    ),
    (
        [call("Landroid/media/MediaRecorder;->setAudioSource(I)V")],
        "app-code-watches",
        "api:Landroid/media/MediaRecorder;->setAudioSource",
    ),
    ([EXEC], "app-code-runs-programs", "api:Ljava/lang/Runtime;->exec"),
    (
        [call("Ldalvik/system/DexClassLoader;-><init>()V")],
        "app-code-loads-code",
        "api:Ldalvik/system/DexClassLoader;-><init>",
    ),
    (
        [call("Landroid/webkit/WebView;->addJavascriptInterface()V")],
        "app-code-opens-bridge",
        "api:Landroid/webkit/WebView;->addJavascriptInterface",
    ),
    (
        [call("Landroid/webkit/SslErrorHandler;->proceed()V")],
        "app-code-trusts-anybody",
        "api:Landroid/webkit/SslErrorHandler;->proceed",
    ),
    (
        [call("Landroid/content/ClipboardManager;->getPrimaryClip()V")],
        "app-code-reads-clipboard",
        "api:Landroid/content/ClipboardManager;->getPrimaryClip",
    ),
    (
        [call("Landroid/app/admin/DevicePolicyManager;->lockNow()V")],
        "app-code-locks-device",
        "api:Landroid/app/admin/DevicePolicyManager;->lockNow",
    ),
    ([const('AT+EGMR=1,7,"')], "app-code-writes-identity", None),
    ([const("https://evil.example/c2")], "app-code-new-host", "host:evil.example"),
]


@pytest.mark.parametrize(("operations", "rule", "touched"), CALLS)
def test_what_added_code_does(operations: list[Operation], rule: str, touched: str | None) -> None:
    finding = found([MAIN], [MAIN, evil(*operations)], rule)

    assert finding.touches == (() if touched is None else (touched,))
    assert told([MAIN], [MAIN, evil(*operations)]) == sorted(["app-code-added", rule])


@pytest.mark.parametrize(("operations", "rule", "touched"), CALLS)
def test_what_changed_code_does(operations: list[Operation], rule: str, touched: str | None) -> None:  # noqa: ARG001
    before, after = evil(name="La/B;"), evil(*operations, name="La/B;")

    assert told([MAIN, before], [MAIN, after]) == sorted(["app-code-changed", rule])


@pytest.mark.parametrize(("operations", "rule", "touched"), CALLS)
def test_what_genuine_code_does_is_not_told_of_it(
    operations: list[Operation],
    rule: str,
    touched: str | None,  # noqa: ARG001
) -> None:
    """A class that did it before does not do it newly; another one that now does it, too, weighs less."""
    before = evil(*operations, name="La/B;")
    after = evil(*operations, b"\0\0", name="La/B;")

    assert told([before], [after]) == ["app-code-changed"]
    if rule == "app-code-new-host":
        assert told([before], [before, evil(*operations)]) == ["app-code-added"]
    else:
        assert found([before], [before, evil(*operations)], rule).severity is Severity.LOW


@pytest.mark.parametrize(
    "operations",
    [
        [const("sms")],
        [const("see https://evil.example")],
        [const("AT+EGMR=0,7")],
        [call("Lorg/x/SmsManager;->sendTextMessage()V")],
        [const("su")],
        [const("http://schemas.android.com/apk/res/android")],
    ],
)
def test_words_and_namesakes_are_nothing(operations: list[Operation]) -> None:
    assert told([MAIN], [MAIN, evil(*operations)]) == ["app-code-added"]


def test_su_is_the_command_where_something_is_run() -> None:
    assert told([MAIN], [MAIN, evil(EXEC, const("su"))]) == [
        "app-code-added",
        "app-code-asks-root",
        "app-code-runs-programs",
    ]


def test_a_trust_manager_that_looks_at_nothing() -> None:
    """Told where it came or lost its check, and not where it checks."""
    kin = ("Ljavax/net/ssl/X509TrustManager;",)
    lax = Written("La/T;", {"checkServerTrusted()V": [RETURN_VOID]}, implements=kin)
    strict = Written("La/T;", {"checkServerTrusted()V": [call("La/T;->look()V"), RETURN_VOID]}, implements=kin)

    assert told([MAIN], [MAIN, lax]) == ["app-code-added", "app-code-trusts-anybody"]
    assert told([strict], [lax]) == ["app-code-changed", "app-code-trusts-anybody"]
    assert told([MAIN], [MAIN, strict]) == ["app-code-added"]
    assert told([lax], [strict]) == ["app-code-changed"]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Lcom/pawns/sdk/internal/A;", "app-proxy-library-added"),
        ("Lcom/startapp/A;", "app-advert-library-added"),
        ("Lcom/appsflyer/A;", "app-tracker-added"),
        ("Lorg/lsposed/lspatch/loader/A;", "app-altering-kit-added"),
    ],
)
def test_known_libraries(name: str, rule: str) -> None:
    """Told where the genuine app has none of the library; a package that only begins alike is none."""
    library, more = evil(name=name), evil(name=name.replace("/A;", "/B;"))
    alike = evil(name=name.replace("/", "x/", 2).replace("x/", "/", 1))

    assert told([MAIN], [MAIN, library]) == ["app-code-added", rule] if rule > "app-code" else [rule, "app-code-added"]
    assert told([MAIN, library], [MAIN, library, more]) == ["app-code-added"]
    assert told([MAIN], [MAIN, alike]) == ["app-code-added"]


class _Kept:
    """A source that has portraits and no bytes."""

    def __init__(self, portrait: bytes | None) -> None:
        self._portrait = portrait

    def read(self, part: Part) -> bytes | None:  # noqa: ARG002
        return None

    def portrait(self, part: Part) -> bytes | None:  # noqa: ARG002
        return self._portrait


def _kept(portrait: bytes | None, after: list[Written]) -> Case:
    made = case({"classes.dex": program([MAIN])}, {"classes.dex": program(after)})
    altered = tuple(Altered(each.change, each.inner, _Kept(portrait), each._suspect) for each in made.altered)
    return replace(made, altered=altered)


def test_a_portrait_does_for_the_genuine_bytes() -> None:
    """The same is found; of a changed method only the new code is known."""
    other = Written("Lorg/x/Main;", {**MAIN.methods, "stop()V": [SMS, RETURN_VOID]})
    made = _kept(portray_dex(program([MAIN])), [other, evil()])

    assert rules(CodeOfApp, made) == ["app-code-added", "app-code-changed", "app-code-sends-messages"]
    changed = next(each for each in findings(CodeOfApp, made) if each.rule == "app-code-changed")
    assert [(each.where, each.expected) for each in changed.evidence] == [("org.x.Main.stop()V", None)]


def test_with_neither_bytes_nor_portrait_nothing_is_said() -> None:
    assert rules(CodeOfApp, _kept(None, [MAIN, evil(SMS)])) == []


def test_bytes_changed_in_place() -> None:
    """Told by the checksum, also where no class is another for it."""
    data = bytearray(program([MAIN], strings=("unused",)))
    at = data.index(b"unused")
    data[at] = ord("U")
    made = case({"classes.dex": program([MAIN], strings=("unused",))}, {"classes.dex": bytes(data)})

    assert rules(CodeOfApp, made) == ["app-code-patched"]


def test_bytes_behind_the_program() -> None:
    """Told where they came, not where the genuine file has some."""
    bare, more = program([MAIN]), program([MAIN]) + b"payload"

    assert rules(CodeOfApp, case({"classes.dex": bare}, {"classes.dex": more})) == ["app-code-appended"]
    assert rules(CodeOfApp, case({"classes.dex": more}, {"classes.dex": more + b"!"})) == ["app-code-repacked"]
    assert rules(CodeOfApp, case({"classes.dex": more}, {"classes.dex": bare})) == ["app-code-repacked"]


def test_a_damaged_file_hides_nothing_in_the_others() -> None:
    """It is told itself, and they are told as ever."""
    made = case(
        {"classes.dex": program([MAIN])},
        {"classes.dex": program([MAIN, evil(SMS)]), "classes2.dex": b"dex\n035\0" + b"\xff" * 200},
    )

    assert rules(CodeOfApp, made) == ["app-code-added", "app-code-sends-messages", "app-code-unreadable"]


def test_other_rights_are_no_other_code() -> None:
    made = case({"classes.dex": File(program([MAIN]))}, {"classes.dex": File(program([MAIN]), mode=0o600)})

    assert rules(CodeOfApp, made) == []
