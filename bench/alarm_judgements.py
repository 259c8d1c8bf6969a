"""What an expert says of the high findings about pairs in which nobody tampered: right, or a false alarm, and why.

Right is what tells something that somebody should look at, whoever did it: an app that can read messages now can read messages.
A finding that no line here speaks of counts as not judged, and is shown as such.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of the findings of one rule about pairs whose name begins so."""

    rule: str
    pair: str
    is_false: bool
    reason: str


JUDGEMENTS = (
    Judgement(
        "android-signer-replaced", "", False, "another developer's machine signed it; the app does not tell whose"
    ),
    Judgement("android-signer-public-key", "", False, "it is signed with a key that anybody has, whoever did it"),
    Judgement("app-input-method", "io.appium.settings", False, "the app came with a keyboard of its own"),
    Judgement(
        "app-may-read-communications", "io.appium.settings", False, "the app may read text messages and could not"
    ),
    Judgement("app-code-reads-communications", "io.appium.settings", False, "its new code does read notifications"),
    Judgement("app-notification-listener", "io.appium.settings", False, "the app sees all notifications and did not"),
    Judgement("app-gains-power", "io.appium.settings", False, "the app may take the lock screen away"),
    Judgement(
        "app-may-watch",
        "io.appium.settings",
        False,
        "the app may use the microphone or follow its owner, and could not",
    ),
    Judgement(
        "app-code-watches", "io.appium.settings", False, "its new code records sound and screen, or follows its owner"
    ),
)


def judged(rule: str, pair: str) -> Judgement | None:
    """Return what is said of a rule's findings about a pair."""
    return next((each for each in JUDGEMENTS if each.rule == rule and pair.startswith(each.pair)), None)
