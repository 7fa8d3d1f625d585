"""A folder at an address that lives in this process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import fsspec
import pytest

from bineego.remote.address import Address


@pytest.fixture
def place() -> Iterator[Address]:
    root = f"/{uuid.uuid4().hex}"
    yield Address(f"memory:/{root}")
    system = fsspec.filesystem("memory")
    if system.exists(root):
        system.rm(root, recursive=True)
