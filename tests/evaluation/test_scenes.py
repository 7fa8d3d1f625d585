from __future__ import annotations

from bineego.evaluation.scenes import scene_top1


def test_spelling_is_forgiven_and_the_scene_is_not():
    truth = {"a": "Kitchen", "b": "Educational Spaces", "c": "Nature", "d": "my own scene"}
    predicted = {"a": "kitchen", "b": "Indoor Educational Spaces", "c": "Campus", "d": "my own scene"}
    assert scene_top1(truth, predicted, tuple(truth)) == 0.75


def test_a_missing_prediction_is_wrong(notes):
    assert scene_top1({"a": "Kitchen", "b": "Kitchen"}, {"a": "Kitchen"}, ("a", "b")) == 0.5
    assert any("no predicted scene for 1 video (b)" in note for note in notes)


def test_clips_are_scored_among_themselves():
    """Egocentric clips have a scene and no timeline: predictions of the clips alone are scored alone."""
    truth = {"u": "Kitchen", "u_1": "Kitchen", "u_2": "Kitchen"}
    assert scene_top1(truth, {"u_1": "Kitchen"}, ("u",)) == 1.0


def test_nothing_to_score(notes):
    assert scene_top1({}, {"a": "Kitchen"}, ("a",)) is None
    assert not notes
    assert scene_top1({"a": "Kitchen"}, {"b": "Kitchen"}, ("a",)) is None
    assert len(notes) == 1
