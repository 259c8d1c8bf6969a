"""All rules of evidence by id; `docs/reference/checks.md` is generated from it."""

from trueware.attestation.tpm import checks as tpm
from trueware.model.check import CheckRule

_RULES: tuple[CheckRule, ...] = (*tpm.RULES,)

CHECKS: dict[str, CheckRule] = {rule.id: rule for rule in _RULES}
