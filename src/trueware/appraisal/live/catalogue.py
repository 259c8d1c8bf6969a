"""All rules of live evidence by id: those of its types, and those of the appraisal. `docs/reference/checks.md` is made of it."""

from trueware.appraisal.live.checks import RULES
from trueware.attestation.catalogue import CHECKS as _OF_EVIDENCE
from trueware.model.check import CheckRule

CHECKS: dict[str, CheckRule] = {**_OF_EVIDENCE, **{rule.id: rule for rule in RULES}}
