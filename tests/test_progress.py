from __future__ import annotations

from bineego.progress import Progress


def test_sizes_and_parts_add_up() -> None:
    told: list[tuple[float, float]] = []
    progress = Progress({"a": 6.0, "b": 2.0}, lambda done, total: told.append((done, total)))
    progress.tell("b", 1.0)
    second = progress.of_part("a", 1, 2)
    second(1, 4)
    second(4, 4)
    assert told == [(2.0, 8.0), (2.0 + 6 * (1 + 0.25) / 2, 8.0), (8.0, 8.0)]


def test_nobody_need_listen() -> None:
    Progress({}, None).of_part("of no size", 0, 1)(1, 2)
