"""What a fleet agrees on as JSON values: a contract whose schema stands in `trueware/schema/consensus.json` and only ever grows."""

from trueware.agreeing import Fleet
from trueware.cli.wire import Json, change_value, claim_value
from trueware.consensus.rule import WHOLE
from trueware.consensus.told import Group, Told

CONSENSUS_SCHEMA = "urn:trueware:schema:consensus:1"


def consensus_document(fleet: Fleet) -> Json:
    """Return the document that `consensus --json` prints."""
    consensus = fleet.consensus
    rule = consensus.rule
    return {
        "schema": CONSENSUS_SCHEMA,
        "rule": {
            "quorum": str(rule.quorum),
            "noise": str(rule.noise),
            "min_devices": rule.min_devices,
            "distinct": rule.distinct,
            "most_per_source": rule.most_per_source,
            "policy": fleet.policy,
        },
        "groups": [_group(group) for group in consensus.groups],
        "devices": [_told(told) for told in consensus.devices],
        "copies": [{"kept": each.kept, "others": list(each.others)} for each in consensus.copies],
        "failed": [{"path": path, "reason": reason} for path, reason in fleet.failed],
    }


def _group(group: Group) -> Json:
    return {
        "relation": group.relation.value,
        "devices": list(group.devices),
        "votes": _votes(group.votes),
        "sources": group.sources,
        "stated": group.stated,
        "decided": group.decided,
        "reference": group.is_reference,
        "reason": group.reason,
        "evidence": group.evidence,
        "claims": [claim_value(claim) for claim in group.claims],
        "tree": group.manifest.tree.hex() if group.manifest is not None else None,
        "tolerated": group.tolerated,
        "unseen": group.unseen,
        "unanimous": group.unanimous,
        "agreements": [
            {
                "path": each.path,
                "votes": _votes(each.votes),
                "of": _votes(each.of),
                "choices": each.choices,
                "removed": each.removed,
            }
            for each in group.agreements
        ],
        "varying": [
            {
                "path": each.path,
                "aspects": list(each.aspects),
                "why": each.why.value,
                "choices": each.choices,
                "most": _votes(each.most),
                "of": _votes(each.of),
                "size": each.size,
                "alike": [list(names) for names in each.alike],
                "odd": list(each.odd),
            }
            for each in group.varying
        ],
        "contested": [
            {
                "path": each.path,
                "aspect": each.aspect,
                "choices": each.choices,
                "of": _votes(each.of),
                "camps": [list(names) for names in each.camps],
            }
            for each in group.contested
        ],
    }


def _told(told: Told) -> Json:
    return {
        "device": told.device,
        "source": told.source,
        "group": told.group,
        "standing": told.standing.value,
        "reason": told.reason,
        "share": None if told.share is None else round(told.share, 4),
        "changes": [change_value(change) for change in told.changes],
        "allowed": [change_value(change) for change in told.allowed],
        "more": told.more,
    }


def _votes(votes: int) -> float:
    """Return votes as numbers of devices."""
    return round(votes / WHOLE, 6)
