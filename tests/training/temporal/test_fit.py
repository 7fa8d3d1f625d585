"""Training of the members: the same seed gives the same head, and going on ends where never stopping does."""

import copy
import io

import numpy as np
import pytest
import torch

from bineego.errors import InputInvalid
from bineego.heads.config import HeadConfig
from bineego.heads.options import HeadRecipe
from bineego.training.temporal import member as member_module
from bineego.training.temporal.examples import Example, cut, cut_evenly
from bineego.training.temporal.fit import HeadFit
from bineego.training.temporal.member import prepare, without_kinds

STEP = 0.1
RECIPE = HeadRecipe(epochs=3, members=2, ema=0.9)
CONFIG = HeadConfig(n_features=5, n_classes=3, n_scenes=2, width=8, layers=3, members=2)


def example(number: int, *, n: int = 60, scale: float = 1.0, annotated: bool = True) -> Example:
    """Features that say which of two actions goes on, under noise."""
    chance = np.random.default_rng(number)
    starts = np.array([1.0, 3.5])
    ends = np.array([2.0, 5.0])
    class_ids = np.array([1, 2]) if number % 2 else np.array([2, 1])
    features = 0.3 * chance.standard_normal((n, 5))
    centre = (np.arange(n) + 0.5) * STEP
    for start, end, class_id in zip(starts, ends, class_ids, strict=True):
        features[(centre >= start) & (centre < end), class_id] += scale
    return Example(
        video_id=f"v{number}",
        features=features.astype(np.float32),
        edges=np.arange(n + 1) * STEP,
        annotated=annotated,
        starts=starts,
        ends=ends,
        class_ids=class_ids,
        scene=number % 2,
    )


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member_module, "LEAST_DRAWS", 8)


EXAMPLES = [example(number) for number in range(4)]
FOLDS = np.array([0, 1, 0, 1])


def fit(recipe: HeadRecipe = RECIPE, examples=EXAMPLES, config=CONFIG) -> HeadFit:
    return HeadFit(config, examples, FOLDS, recipe)


def weights(head: HeadFit) -> dict[str, torch.Tensor]:
    return head.ensemble().state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_same_seed_same_head_and_another_seed_another():
    heads = [fit(), fit(), fit(HeadRecipe(epochs=3, members=2, ema=0.9, seed=1))]
    for head in heads:
        head.run_epoch()
    assert same(weights(heads[0]), weights(heads[1]))
    assert not same(weights(heads[0]), weights(heads[2]))


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_going_on_ends_where_never_stopping_does(ema):
    recipe = HeadRecipe(epochs=3, members=2, ema=ema)
    whole = fit(recipe)
    losses = [whole.run_epoch() for _ in range(3)]
    first = fit(recipe)
    first.run_epoch()
    file = io.BytesIO()
    torch.save(first.state(), file)
    file.seek(0)
    torch.manual_seed(99)  # what happened elsewhere has no influence
    second = fit(recipe)
    second.load(torch.load(file, weights_only=True))
    assert [second.run_epoch() for _ in range(2)] == losses[1:]
    assert same(weights(whole), weights(second))


def test_a_saved_state_does_not_change_afterwards():
    head = fit()
    head.run_epoch()
    state = head.state()
    before = copy.deepcopy(state)
    head.run_epoch()
    assert torch.equal(state["members"][0]["head"]["enter.weight"], before["members"][0]["head"]["enter.weight"])


def test_a_member_does_not_hang_on_the_videos_it_never_sees():
    changed = [example(number, scale=-5.0) if FOLDS[number] == 0 else EXAMPLES[number] for number in range(4)]
    one, other = fit(), fit(examples=changed)
    one.run_epoch()
    other.run_epoch()
    mine, theirs = one.ensemble(), other.ensemble()
    assert same(mine.members[0].state_dict(), theirs.members[0].state_dict())
    assert not same(mine.members[1].state_dict(), theirs.members[1].state_dict())


def test_it_learns_what_there_is_to_learn():
    config = HeadConfig(n_features=5, n_classes=3, width=16, layers=3, dropout=0.0, members=1)
    head = HeadFit(config, EXAMPLES, np.full(4, -1), HeadRecipe(epochs=50, members=1, lr=1e-2))
    for _ in range(50):
        head.run_epoch()
    unseen = example(5)
    features, targets = prepare(unseen, config)
    with torch.inference_mode():
        scores = head.ensemble()(features)
    assert (scores.actions.argmax(1) == targets.actions).float().mean() > 0.9
    peaks = scores.boundaries[:, 0].topk(8).indices.numpy()
    for moment in (1.0, 2.0, 3.5, 5.0):
        assert np.abs(peaks * STEP - moment).min() <= 2 * STEP
    centre = int(1.5 / STEP)
    assert scores.distances[centre].numpy() == pytest.approx([0.5, 0.5], abs=0.4)


def test_videos_without_annotation_teach_scenes_only():
    head = HeadFit(CONFIG, [example(number, annotated=False) for number in range(4)], FOLDS, RECIPE)
    losses = head.run_epoch()
    assert losses["actions"] == losses["boundaries"] == losses["distances"] == 0
    assert losses["scenes"] > 0


def test_numbers_that_are_none_end_the_training():
    broken = [example(number, scale=float("nan")) for number in range(4)]
    with pytest.raises(InputInvalid, match="diverged in epoch 1") as caught:
        fit(examples=broken).run_epoch()
    assert "video v" in str(caught.value.where)


def test_speed_moves_the_labels_with_the_features():
    features, targets = prepare(EXAMPLES[1], CONFIG, 0.5)
    assert len(features) == 120
    assert targets.actions is not None
    assert len(targets.boundaries) == 121
    assert np.flatnonzero(targets.boundaries[:, 0].numpy() == 1).tolist() == [20, 40, 70, 100]
    assert int((targets.actions == 1).sum()) == 20


def test_a_cut_example_keeps_its_time_and_the_part_of_each_segment_inside():
    first, second = cut(EXAMPLES[1], [15])
    assert (len(first), len(second)) == (15, 45)
    assert second.begin == pytest.approx(1.5)
    assert first.ends.tolist() == pytest.approx([1.5])
    assert second.starts.tolist() == pytest.approx([0.0, 2.0])
    assert second.ends.tolist() == pytest.approx([0.5, 3.5])
    assert np.array_equal(np.concatenate([first.features, second.features]), EXAMPLES[1].features)
    assert [len(part) for part in cut_evenly(EXAMPLES[1], 4)] == [15] * 4
    assert [part.begin for part in cut_evenly(second, 2)] == pytest.approx([1.5, 1.5 + 22 * STEP])
    assert len(cut_evenly(example(0, n=2), 5)) == 2


def test_a_kind_is_left_out_whole_and_the_others_make_up_for_it():
    torch.manual_seed(0)
    widths, features = (2, 3, 1), torch.ones(4, 6)
    seen = torch.stack([without_kinds(features, widths, 0.3) for _ in range(4000)])
    starts = [0, 2, 5]
    assert all((part == part[..., :1, :1]).all() for part in seen.split(widths, dim=2))
    assert seen.mean((0, 1)).numpy() == pytest.approx(np.ones(6), abs=0.05)
    patterns = {tuple(bool(row[0, i]) for i in starts) for row in seen}
    assert len(patterns) == 7  # never without any
    assert without_kinds(features, (6,), 0.9) is features
    assert without_kinds(features, widths, 0.0) is features
