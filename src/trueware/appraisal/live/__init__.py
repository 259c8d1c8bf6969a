"""Appraisal of live evidence: what was proved, against releases and policy. Pure, as all of the appraisal."""
