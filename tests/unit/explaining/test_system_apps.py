"""What is said of apps that came to a system or left it, and what is not."""

from dataclasses import replace
from hashlib import sha256

from tests.unit.explaining.axml import component, manifest
from tests.unit.explaining.cases import case, findings, rules
from tests.unit.explaining.dex_builder import RETURN_VOID, Written, call, program

from trueware.explaining.contract import Altered, Case
from trueware.explaining.detectors.system_apps import SystemApps
from trueware.model.finding import Severity
from trueware.model.part import Kind, Part

SMS = call("Landroid/telephony/SmsManager;->sendTextMessage(Ljava/lang/String;)V")
WATCH = call("Landroid/hardware/Camera;->open(I)V")


class Source:
    """Bytes by digest."""

    def __init__(self, contents: list[bytes]) -> None:
        self.by_digest = {sha256(each).digest(): each for each in contents}

    def read(self, part: Part) -> bytes | None:
        return None if part.sha256 is None else self.by_digest.get(part.sha256)

    def portrait(self, part: Part) -> bytes | None:  # noqa: ARG002
        return None


def with_app(path: str, files: dict[str, bytes], mutable: tuple[str, ...] = ()) -> Case:
    """Return a case in which an app with these files came."""
    made = case({"x": b""}, {"x": b"", path: b"PK"}, mutable=mutable)
    altered = made.find(path)
    assert altered is not None
    assert altered.change.found is not None
    children = tuple(
        Part(name, Kind.FILE, b"", len(content), sha256(content).digest()) for name, content in files.items()
    )
    change = replace(altered.change, found=altered.change.found._replace(format="zip", children=children))
    source = Source(list(files.values()))
    return replace(made, altered=(Altered(change, altered.inner, source, source),), source=source)


def test_an_app_that_came() -> None:
    """With what it may do, and libraries and the rare things in its code; what many apps do is not told of code alone."""
    content = manifest(
        permissions=("android.permission.READ_SMS",),
        components=(component("receiver", ".A", "android.intent.action.BOOT_COMPLETED"),),
    )
    code = program(
        [
            Written("La/B;", {"f()V": [SMS, WATCH, RETURN_VOID]}),
            Written("Lcom/infatica/agent/A;", {"f()V": [RETURN_VOID]}),
        ]
    )
    made = with_app("system/app/X/X.apk", {"AndroidManifest.xml": content, "classes.dex": code})

    assert rules(SystemApps, made) == [
        "app-boot-receiver",
        "app-code-sends-messages",
        "app-may-read-communications",
        "app-proxy-library-added",
        "system-app-added",
    ]


def test_it_weighs_more_with_the_rights_of_the_system() -> None:
    plain = {"AndroidManifest.xml": manifest()}
    shared = {"AndroidManifest.xml": manifest(top={"sharedUserId": "android.uid.system"})}

    def severity(made: Case) -> Severity:
        return findings(SystemApps, made)[0].severity

    assert severity(with_app("system/app/X.apk", plain)) is Severity.MEDIUM
    assert severity(with_app("system/app/X.apk", shared)) is Severity.HIGH
    assert severity(with_app("system/priv-app/X.apk", plain)) is Severity.HIGH


def test_damaged_code_hides_no_app() -> None:
    made = with_app("system/app/X.apk", {"AndroidManifest.xml": manifest(), "classes.dex": b"dex\n035\0"})

    assert rules(SystemApps, made) == ["system-app-added"]


def test_apps_of_the_owner_are_the_owner_s() -> None:
    made = with_app("data/app/X/base.apk", {"AndroidManifest.xml": manifest()}, mutable=("data/**",))

    assert rules(SystemApps, made) == []


def test_an_app_that_left_and_a_file_that_is_none() -> None:
    assert rules(SystemApps, case({"system/app/X.apk": b"PK"}, {"x": b""})) == ["system-app-removed"]
    assert rules(SystemApps, case({"x": b""}, {"system/app/X.apk": b"text"})) == []
    assert rules(SystemApps, case({"a.apk": b"1"}, {"a.apk": b"2"})) == []
