"""All rules of evidence by id; `docs/reference/checks.md` is generated from it."""

from trueware.attestation.android_key import checks as android_key
from trueware.attestation.eat import checks as eat
from trueware.attestation.event_log import checks as event_log
from trueware.attestation.freshness import checks as freshness
from trueware.attestation.ima import checks as ima
from trueware.attestation.tpm import checks as tpm
from trueware.model.check import CheckRule

_RULES: tuple[CheckRule, ...] = (
    *android_key.RULES,
    *eat.RULES,
    *event_log.RULES,
    *freshness.RULES,
    *ima.RULES,
    *tpm.RULES,
)

CHECKS: dict[str, CheckRule] = {rule.id: rule for rule in _RULES}
