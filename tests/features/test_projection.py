from __future__ import annotations

import numpy as np
import pytest
from features.tracks_at_hand import make_track
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import InputInvalid
from bineego.features.projection import MAX_STEPS, Projection, fit_projection
from bineego.features.track import FeatureTrack


def correlated(seed: int, duration: float = 20.0) -> FeatureTrack:
    """Six features of three sources, of very different size."""
    rng = np.random.default_rng(seed)
    track = make_track(duration, seed=seed)
    sources = rng.normal(size=(len(track), 3))
    mixed = sources @ np.random.default_rng(1).normal(size=(3, 6)) * [1, 10, 0.1, 1, 1, 1] + 5
    return make_track(
        duration, seed=seed, kinds={"final": mixed.astype(np.float16), **{"motion": track.kinds["motion"]}}
    )


TRACKS = {str(seed): correlated(seed) for seed in range(3)}


def test_columns_are_uncorrelated_and_of_like_size() -> None:
    projection = fit_projection(TRACKS, ["final"], directions=3)
    x = np.concatenate([projection.apply(track) for track in TRACKS.values()])
    covariance = np.cov(x.T)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.02
    assert (np.diag(covariance) < 1).all()
    assert (np.diag(covariance) > 0.1).all()
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=0.02)


def test_kinds_stand_in_the_order_asked_for() -> None:
    projection = fit_projection(TRACKS, ["motion", "final"], directions=3)
    assert projection.kinds == ("motion", "final")
    assert projection.columns("final") == slice(3, 6)
    both = projection.apply(TRACKS["0"])
    alone = fit_projection(TRACKS, ["final"], directions=3).apply(TRACKS["0"])
    np.testing.assert_allclose(both[:, projection.columns("final")], alone, atol=1e-5)


def test_fewer_features_than_directions_are_all_kept() -> None:
    assert fit_projection(TRACKS, ["final", "motion"]).n_features == 6 + 3


def test_a_feature_that_never_changes_stays_small() -> None:
    still = make_track(kinds={"final": np.full((50, 4), 3, np.float16)})
    projected = fit_projection({"a": still}, ["final"]).apply(still)
    assert np.isfinite(projected).all()
    assert np.abs(projected).max() < 1


@pytest.mark.parametrize("duration", [0.64, 20.0])
def test_directions_are_the_principal_ones_however_few_the_steps(duration: float) -> None:
    tracks = {"a": make_track(duration, seed=3, kinds={"final": np.random.default_rng(3).normal(size=(
        len(make_track(duration)), 12)).astype(np.float16)})}  # fmt: skip
    projection = fit_projection(tracks, ["final"], directions=4)
    values = tracks["a"].values("final", slice(None)).astype(np.float64)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    sources, sizes, _ = np.linalg.svd(standard, full_matrices=False)
    variances = sizes[:4] ** 2 / len(values)
    wanted = sources[:, :4] * sizes[:4] / np.sqrt(variances + variances.mean())
    np.testing.assert_allclose(np.abs(projection.apply(tracks["a"])), np.abs(wanted), atol=2e-2)


def test_few_steps_in_which_nothing_changes() -> None:
    track = make_track(0.4, kinds={"final": np.ones((5, 12), np.float16)})
    assert np.isfinite(fit_projection({"a": track}, ["final"]).apply(track)).all()


def test_fitting_repeats_and_looks_at_a_bounded_number_of_steps() -> None:
    long = {"a": correlated(0, duration=2 * MAX_STEPS / 12.5)}
    first, second = fit_projection(long, ["final"]), fit_projection(long, ["final"])
    for name, array in first.to_arrays().items():
        np.testing.assert_array_equal(array, second.to_arrays()[name])


@given(st.permutations(["final", "motion", "final-change"]))
def test_arrays_give_the_projection_back(kinds: list[str]) -> None:
    projection = fit_projection(TRACKS, kinds)
    again = Projection.from_arrays(projection.to_arrays(), kinds)
    np.testing.assert_array_equal(again.apply(TRACKS["1"]), projection.apply(TRACKS["1"]))


def test_damaged_arrays_are_refused() -> None:
    arrays = fit_projection(TRACKS, ["final"]).to_arrays()
    with pytest.raises(InputInvalid, match="'motion'"):
        Projection.from_arrays(arrays, ["final", "motion"])
    with pytest.raises(InputInvalid, match="'final'"):
        Projection.from_arrays(arrays | {"final.offset": arrays["final.offset"][:-1]}, ["final"])


def test_features_of_another_trunk_are_refused() -> None:
    projection = fit_projection(TRACKS, ["final"])
    with pytest.raises(InputInvalid, match="has 7 features of kind 'final', the model was trained on 6"):
        projection.apply(make_track(widths={"final": 7}))


def test_the_projection_of_some_kinds_is_the_one_fitted_on_them() -> None:
    whole, alone = fit_projection(TRACKS, ["motion", "final"]).of(["final"]), fit_projection(TRACKS, ["final"])
    assert whole.kinds == ("final",)
    np.testing.assert_array_equal(whole.apply(TRACKS["0"]), alone.apply(TRACKS["0"]))
