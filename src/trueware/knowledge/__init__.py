"""Reviewed knowledge that ships with trueware as data, not code, and is read when asked for."""

from trueware.knowledge.policies import load_policies, policy_for

__all__ = ["load_policies", "policy_for"]
