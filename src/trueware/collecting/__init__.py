"""Collecting listings from devices: what they say of themselves, which a compromised one can lie about."""
