"""What `check` finds: facts in numbers, and findings with a severity."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bineego.errors import BatchFailed, InputInvalid

PACKAGE = "bineego"


class Severity(StrEnum):
    """What a finding means for training and scoring."""

    NOTE = "note"  # worth knowing
    WARNING = "warning"  # a part is left out, or is probably not what is meant
    ERROR = "error"  # refused


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding.

    Attributes:
        severity: see `Severity`.
        text: what was found, with its place.
        remedy: what can be done about it; empty if nothing.
    """

    severity: Severity
    text: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        return {"severity": str(self.severity), "text": self.text, "remedy": self.remedy}


@dataclass(kw_only=True, eq=False)
class CheckReport:
    """All that `check` has to say of a file.

    Attributes:
        file: the file.
        kind: "labels", "predictions", "submission"; empty if it cannot be read.
        facts: counts and lengths by name, plain values.
        findings: in the order they were found.
        error_code: exit code of the error that ended the check, if one did.
    """

    file: str
    kind: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    error_code: int = 0

    def add(self, severity: Severity, text: str, remedy: str | None = None) -> None:
        """Note a finding."""
        self.findings.append(Finding(severity=severity, text=text, remedy=remedy or ""))

    @property
    def exit_code(self) -> int:
        """0 if there is nothing but notes, 5 if a part is doubtful or left out, else that of the error."""
        found = {finding.severity for finding in self.findings}
        if Severity.ERROR in found:
            return self.error_code or InputInvalid.exit_code
        return BatchFailed.exit_code if Severity.WARNING in found else 0

    def to_json(self) -> dict[str, Any]:
        findings = [finding.to_json() for finding in self.findings]
        return {"file": self.file, "kind": self.kind, "exit_code": self.exit_code, **self.facts, "findings": findings}


class _Collector(logging.Handler):
    def __init__(self, report: CheckReport) -> None:
        super().__init__()
        self.report = report

    def emit(self, record: logging.LogRecord) -> None:
        severity = Severity.WARNING if record.levelno >= logging.WARNING else Severity.NOTE
        self.report.add(severity, record.getMessage())


@contextmanager
def collected(report: CheckReport) -> Iterator[None]:
    """Whatever the readers say becomes findings of the report, and is not printed beside it."""
    package = logging.getLogger(PACKAGE)
    handlers, level, propagate = package.handlers[:], package.level, package.propagate
    package.handlers[:] = [_Collector(report)]
    package.setLevel(logging.INFO)
    package.propagate = False
    try:
        yield
    finally:
        package.handlers[:] = handlers
        package.setLevel(level)
        package.propagate = propagate
