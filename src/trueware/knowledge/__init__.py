"""Reviewed knowledge that ships with trueware as data, not code, and is read when asked for."""

from trueware.knowledge.policies import load_policies, policy_for
from trueware.knowledge.public_keys import load_public_keys

__all__ = ["load_policies", "load_public_keys", "policy_for"]
