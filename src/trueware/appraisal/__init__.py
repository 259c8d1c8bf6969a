"""Appraisal: evidence against references under a policy; pure functions of what they are given."""
