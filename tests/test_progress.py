from __future__ import annotations

from types import SimpleNamespace

import pytest

from bineego.progress import Progress, shown


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


def test_a_bar_where_a_notebook_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nowhere else, and not where somebody listens already."""
    assert shown("training", None) is None
    ipython = pytest.importorskip("IPython")
    monkeypatch.setattr(ipython, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    pictures: list[dict[str, str]] = []
    place = SimpleNamespace(update=lambda picture, raw: pictures.append(picture))

    def display(picture: dict[str, str], **_: object) -> object:
        pictures.append(picture)
        return place

    monkeypatch.setattr("IPython.display.display", display)
    listener = lambda _done, _total: None  # noqa: E731
    assert shown("training", listener) is listener
    bar = shown("<training>", None)
    assert bar is not None
    for done in (0.0, 1.0, 2.0, 4.0):
        bar(done, 4.0)
    assert len(pictures) == 2  # the first and the last; what comes within a fifth of a second is left out
    assert pictures[-1]["text/plain"].startswith("<training>: 100%")
    assert "&lt;training&gt;" in pictures[-1]["text/html"]
