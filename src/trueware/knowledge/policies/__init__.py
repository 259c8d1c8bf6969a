"""Loads the policies of the product classes: one YAML file each, beside this one, every pattern with its reason.

::

    title: OpenWrt-like router
    mutable:
      - path: etc/config/**
        reason: settings the owner changes through the web page
"""

from functools import cache
from importlib.resources import files

from trueware.model.part import Part
from trueware.model.policy import Policy

DEFAULT = "generic"


@cache
def load_policies() -> dict[str, Policy]:
    """Return all policies by name.

    Raises:
        ValueError: a file does not have the shape above (a defect of this package).
    """
    import yaml  # noqa: PLC0415 (only a verdict that needs a policy pays for it)

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    policies = {}
    for file in sorted(files(__name__).iterdir(), key=lambda item: item.name):
        if file.name.endswith(".yaml"):
            name = file.name.removesuffix(".yaml")
            policies[name] = _policy(name, yaml.load(file.read_text("utf-8"), loader))  # noqa: S506 (a safe loader)
    return policies


def _policy(name: str, data: object) -> Policy:
    match data:
        case {"title": str(title), "mutable": list(rows)}:
            paths = tuple(str(row["path"]) for row in rows)
            reasons = tuple(str(row["reason"]) for row in rows)
            return Policy(name, title, paths, reasons)
    raise ValueError(f"policy {name}: expected a title and a list of mutable paths, each with its reason")


_MARKS = (
    ("openwrt", ("etc/openwrt_release", "etc/config/system", "etc/uci-defaults")),
    ("android", ("build.prop", "system/build.prop", "vendor/build.prop", "default.prop", "AndroidManifest.xml")),
    ("package", ("control", "DEBIAN/control", "debian-binary")),
    ("set-top-box", ("usr/bin/enigma2", "etc/enigma2", "usr/share/enigma2")),
)


def policy_for(root: Part) -> str:
    """Return the name of the policy that fits what was measured, by the files that mark a class of products."""
    paths = {path.rpartition("!/")[2] for path, _ in root.walk()}
    for name, marks in _MARKS:
        if any(mark in paths for mark in marks):
            return name
    return DEFAULT
