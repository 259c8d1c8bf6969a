"""Writes the page about real Debian systems out of what `debian_tree` found."""

from typing import Any

Json = dict[str, Any]


def page(report: Json) -> str:
    """Return docs/debian.md."""
    taken, systems = report["import"], report["systems"]
    tampering, variations = report["tampering"], report["variations"]
    found = sum(row["right"] for row in tampering)
    usual = sum(row["right"] for row in variations)
    date, description = taken["index"][0], taken["index"][-1]
    at_hand = f"{taken['measured']} of them at hand and measured ({taken['measured_bytes'] / 1e6:.0f} MB)"
    cost = f"{taken['seconds']} | {taken['cpu']} | {taken['peak_mb']}"
    rate, again = (f"{taken['listed'] / taken[key]:,.0f} packages" for key in ("cpu", "again_cpu"))
    cost_again = f"{taken['again_seconds']} | {taken['again_cpu']} | {taken['again_peak_mb']}"
    lines = [
        "# Systems made of packages",
        "",
        "Made by `make debian`: two Debian systems that debootstrap made of the archive's own packages, verified by the",
        "signed index of the archive and by nothing else ([ADR 13](adr/0013-systems-made-of-packages.md)); then tampered with,",
        f"and used as owners do. {found} of {len(tampering)} tamperings are TAMPERED with the right path; {usual} of",
        f"{len(variations)} variations are answered as they should be.",
        "",
        "```sh",
        "trueware publisher add Debian",
        "trueware trust add Debian /usr/share/keyrings/debian-archive-keyring.gpg",
        "trueware registry import mirror/dists/bookworm/InRelease --root mirror   # with pool/ beside dists/",
        "trueware verify /srv/system",
        "```",
        "",
        "What is not known yet: what scripts of other distributions make, boot loaders, homes and data of services outside `var/log`",
        "and `var/cache`, and programs in `usr/local`, `opt` and `srv`: all of these are told as added.",
        "",
        "## What it takes",
        "",
        f"Index: {description}, of {date}; {report['cores']} cores, with other work beside it: CPU seconds are what to go by.",
        "",
        "| step | what | seconds | CPU seconds | peak MB | per CPU second |",
        "|---|---|--:|--:|--:|---|",
        f"| import | {taken['listed']:,} packages listed, {at_hand} | {cost} | {rate} |",
        f"| the same again | nothing is new | {cost_again} | {again} |",
    ]
    for row in systems:
        seconds, size = row["cpu"], row["bytes"] / 1e6
        what = f"{row['tree']}: {row['packages']} packages, {row['files']:,} files, {size:.0f} MB"
        speed = f"{row['files'] / seconds:,.0f} files, {size / seconds:.0f} MB"
        lines.append(f"| verify | {what} | {row['seconds']} | {row['cpu']} | {row['peak_mb']} | {speed} |")
    lines += [
        "",
        f"The registry has {taken['registry_bytes'] / 1e6:.0f} MB then.",
        "",
        "## As they were made",
        "",
        "| system | verdict | rests on | changed | changed where policy lets it |",
        "|---|---|---|--:|--:|",
        *(
            f"| {row['tree']} | {row['verdict']}: {row['reason']} | {row['authority']} | {row['changed']} | {row['mutable']} |"
            for row in systems
        ),
        "",
        "## Tampered with",
        "",
        "| what | system | verdict | named | what is told |",
        "|---|---|---|---|---|",
        *(
            f"| {row['case']} | {row['tree']} | {row['verdict']} | {_named(row)} | {row['told'] or '—'} |"
            for row in tampering
        ),
        "",
        "## Used",
        "",
        "What an owner writes into a file that a package brings, and an account that no package made, are changes like any",
        "other: they are named and explained, and whether they are the owner's is not for software to guess.",
        "",
        "| what | system | verdict | as it should be | named, or what would settle it |",
        "|---|---|---|---|---|",
        *(
            f"| {row['case']} | {row['tree']} | {row['verdict']} | {'yes' if row['right'] else '**no**'} | {_used(row)} |"
            for row in variations
        ),
    ]
    return "\n".join(lines) + "\n"


def _named(row: Json) -> str:
    others = f" and {len(row['others'])} more" if row["others"] else ""
    return f"`{row['path']}`{others}" if row["named"] else f"**not** `{row['path']}`{others}"


def _used(row: Json) -> str:
    if row["verdict"] == "UNKNOWN":
        return "; ".join(row["settle"])
    paths = [row["path"]] if row["named"] else []
    return ", ".join(f"`{each}`" for each in [*paths, *row["others"]][:3]) or "—"
