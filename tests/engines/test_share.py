"""How a Ray cluster is divided among actors, without Ray."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ray")

from bineego.engines.on_ray import Share, share_of
from bineego.errors import UsageError


def nodes(*resources: tuple[float, float], alive: bool = True) -> list[dict[str, Any]]:
    return [{"Alive": alive, "Resources": {"CPU": cpu, "GPU": gpu}} for cpu, gpu in resources]


@pytest.mark.parametrize(
    ("cluster", "jobs", "device", "share"),
    [
        (nodes((8, 0), (8, 0)), None, "auto", Share(4, 4.0, 0.0)),
        (nodes((2, 0)), None, "auto", Share(1, 2.0, 0.0)),
        (nodes((2, 0)), 2, "auto", Share(2, 1.0, 0.0)),
        (nodes((2, 0)), 4, "auto", Share(4, 0.5, 0.0)),
        (nodes((8, 0), (8, 0)), 3, "auto", Share(3, 4.0, 0.0)),  # as three of 5 do not fit on two nodes of 8
        (nodes((64, 8), (64, 8)), None, "auto", Share(16, 8.0, 1.0)),
        (nodes((64, 8), (64, 8)), None, "cpu", Share(32, 4.0, 0.0)),
        (nodes((16, 1), (0, 0)), 2, "cuda", Share(2, 8.0, 0.5)),
        (nodes((8, 0)) + nodes((8, 0), alive=False), None, "auto", Share(2, 4.0, 0.0)),
    ],
)
def test_shares(cluster: list[dict[str, Any]], jobs: int | None, device: str, share: Share) -> None:
    assert share_of(cluster, jobs, device) == share
    assert share.cores >= 1


def test_what_a_cluster_lacks() -> None:
    with pytest.raises(UsageError, match="no GPU"):
        share_of(nodes((8, 0)), None, "cuda")
    with pytest.raises(UsageError, match="no free core"):
        share_of(nodes((0, 0)), None, "cpu")
