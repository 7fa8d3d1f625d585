from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.formats.names import explain, match


def test_exact_names_need_no_match() -> None:
    assert match(["a.mp4", "a"], ["a.mp4", "a"]) == {}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("a.mp4", "a"),
        ("a", "a.mp4"),
        ("a.avi", "a.mp4"),
        ("x/a", "a"),
        ("a", "y/a.mp4"),
        (" a", "a"),
        ("v1.5", "v1.5.mkv"),
    ],
)
def test_names_that_fit(name: str, known: str) -> None:
    assert match([name], [known, "other"]) == {name: known}


@pytest.mark.parametrize(
    ("name", "known"), [("a", ["x/a", "y/a"]), ("a", ["a.mp4", "a.avi"]), ("A", ["a"]), ("v1.5", ["v1"]), ("", ["a"])]
)
def test_names_that_do_not(name: str, known: list[str]) -> None:
    assert match([name], known) == {}


def test_two_files_never_become_one() -> None:
    assert match(["p/a", "q/a"], ["a"]) == {}
    assert match(["a.mp4", " a.mp4"], ["a"]) == {"a.mp4": "a", " a.mp4": "a"}


@given(st.lists(st.text(max_size=6), max_size=6), st.lists(st.text(max_size=6), max_size=6))
def test_only_unknown_names_are_matched_and_only_to_known_ones(names: list[str], known: list[str]) -> None:
    for name, other in match(names, known).items():
        assert name in names
        assert name not in known
        assert other in known
    explain(names, known)


@pytest.mark.parametrize(
    ("unknown", "known", "cause"),
    [
        (["v_a", "v_b"], ["a", "b", "c"], "'v_'"),
        (["a", "b"], ["v_a", "v_b"], "'v_'"),
        (["a.features"], ["a", "b"], "'.features'"),
        (["Walk"], ["walk", "run"], "case"),
        (["0", "1"], ["x", "y"], "'0', '1' are numbers, not names like 'x', 'y'"),
        (["wlak"], ["walk"], "did you mean 'walk'"),
        (["q"], ["x"], "'q' against 'x'"),
    ],
)
def test_why_nothing_fits(unknown: list[str], known: list[str], cause: str) -> None:
    assert cause in str(explain(unknown, known))
