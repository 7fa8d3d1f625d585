from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import InputInvalid
from bineego.labels import CHALLENGE_ACTIONS, SCENES, LabelSet, match_scene


@given(st.lists(st.text(), unique=True))
def test_action_ids_are_positions_from_one(names: list[str]) -> None:
    labels = LabelSet(actions=tuple(names))
    assert labels.action_ids(names) == list(range(1, len(names) + 1))
    assert labels.n_classes == len(names) + 1


def test_a_name_listed_twice_is_refused() -> None:
    with pytest.raises(InputInvalid, match="walking"):
        LabelSet(actions=("walking", "eating", "walking"))


def test_an_unknown_action_is_named_with_its_neighbour() -> None:
    with pytest.raises(InputInvalid, match=r"wlaking.*walking"):
        LabelSet(actions=("walking",)).action_id("wlaking")


def test_presets_have_the_published_sizes() -> None:
    assert (len(set(CHALLENGE_ACTIONS)), len(set(SCENES))) == (34, 28)


@pytest.mark.parametrize("scene", SCENES)
def test_scenes_are_recognised_in_any_case_and_punctuation(scene: str) -> None:
    assert match_scene(scene) == scene
    assert match_scene(scene.upper().replace("&", " ").replace("  ", "_")) == scene


def test_scenes_are_recognised_by_a_part_only_if_it_is_unique() -> None:
    assert match_scene("Educational Spaces") == "Indoor Educational Spaces"
    assert match_scene("Indoor") is None
    assert match_scene("Transportation Stops") is None
    assert match_scene(" & ") is None
