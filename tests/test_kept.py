from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bineego.errors import Interrupted
from bineego.kept import Kept


def test_what_is_kept_comes_back_for_the_same_work_only(tmp_path: Path) -> None:
    rows = {"actions": np.arange(6.0).reshape(3, 2)}
    kept = Kept(tmp_path / "parts" / "v.npz", {"source": ["x"], "by": {"stride": 0.5}})
    assert kept.load() == {}
    kept.save(rows)
    assert kept.load()["actions"].tolist() == rows["actions"].tolist()
    assert Kept(kept.path, {"source": ["x"], "by": {"stride": 0.25}}).load() == {}
    content = bytearray(kept.path.read_bytes())
    content[len(content) // 2] ^= 4
    kept.path.write_bytes(content)
    assert kept.load() == {}
    kept.drop()
    assert list(kept.path.parent.iterdir()) == []
    kept.drop()


def test_whatever_ends_the_work_leaves_what_is_done(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "v.npz", "this")
    with pytest.raises(Interrupted), kept.saved_on_the_way_out(lambda: {"rows": np.ones(2)}):
        raise Interrupted
    assert kept.load()["rows"].tolist() == [1, 1]
    kept.drop()
    with pytest.raises(KeyError), kept.saved_on_the_way_out(lambda: None):
        raise KeyError
    assert kept.load() == {}
