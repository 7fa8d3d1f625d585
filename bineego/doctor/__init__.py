"""What is wrong or odd about a file of labels or predictions, before anything is trained or scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.doctor.findings import CheckReport, Finding, Severity
    from bineego.doctor.verb import check

__all__ = ["CheckReport", "Finding", "Severity", "check"]

_HOMES = {"CheckReport": "findings", "Finding": "findings", "Severity": "findings", "check": "verb"}

__getattr__ = attach(__name__, _HOMES)
