"""A small study to change one thing of."""

STUDY = """\
title: Routers with a back door
currency: {code: EUR, year: 2026}
inputs:
  lines:
    {title: routers in service, unit: devices, constant: 200000, source: inventory, date: 2026-10-01}
  altered:
    {title: share that was altered, unit: of routers, observed: {found: 12, of: 400}, source: own sample, date: 2026-10}
  people:
    {title: people, unit: per router, pert: {low: 1, likely: 2, high: 5}, source: census, date: 2022}
  rented:
    {title: share that is rented out, unit: of them, pert: {low: 0.1, likely: 0.3, high: 0.9, lambda: 2},
     source: a guess, date: 2026, illustrative: true}
  calls:
    {title: calls for help, unit: per router and year, pert: {low: 0.2, likely: 0.5, high: 2}, source: service desk, date: 2026}
  call:
    {title: cost of a call, unit: EUR, pert: {low: 4, likely: 6, high: 12}, source: service desk, date: 2026}
  price:
    {title: a new router, unit: EUR, constant: 60, source: price list, date: 2026-10-01}
populations:
  altered routers: {devices: lines, prevalence: altered, people: people}
  proxies: {within: altered routers, prevalence: rented}
scenarios:
  - effect: remote-access
    in: altered routers
    rate: calls
    losses: {operator: call}
    data: [Password]
  - effect: bandwidth-abused
    in: proxies
    losses: {user: price, operator: call}
    data: [IPAddress, Password]
"""


def changed(before: str, after: str) -> bytes:
    """Return the study with one thing in place of another."""
    assert STUDY.count(before) == 1, before
    return STUDY.replace(before, after).encode()
