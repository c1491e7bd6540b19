"""Looks at a shop as a visitor would: which pages it has, and whose services stand in them.

`page`, `roles` and `vendors` are pure; only `looking` opens connections, all of them through the guard.
"""

from stormproof.engine.probe.visit.findings import Findings, FoundCertificate, FoundPage, FoundSupplier
from stormproof.engine.probe.visit.looking import CannotVisit, visit_shop

__all__ = ["CannotVisit", "Findings", "FoundCertificate", "FoundPage", "FoundSupplier", "visit_shop"]
