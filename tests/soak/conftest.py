"""The fixtures of the release tests, of which these are the full counts."""

from __future__ import annotations

from cli.conftest import command  # noqa: F401 - a fixture
from release.faults.conftest import inputs, quick, server, shim, stored  # noqa: F401 - fixtures
from training.squares import make_dataset  # noqa: F401 - a fixture
