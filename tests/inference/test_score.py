from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from bineego.grid import interval_edges
from bineego.inference.clips import ClipNetwork
from bineego.inference.options import ScoreOptions
from bineego.inference.score import ClipScorer
from bineego.tracks import Activation, ScoreTrack
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import InferenceNetwork, compile_for_inference
from bineego.tsm.model_file import Model
from bineego.tsm.network import ClipLogits
from bineego.tsm.preprocess import normalise
from bineego.video.build import build_cache
from bineego.video.cache import FrameCache
from bineego.video.frames import on_screen
from bineego.video.reader import VideoReader

MakeVideo = Callable[..., Path]


def score_video(
    network: ClipNetwork, card: ModelCard, path: Path, options: ScoreOptions | None = None, **more: int
) -> ScoreTrack:
    return ClipScorer(network, card, options, **more).score(path, path.stem)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ready(model: Model) -> InferenceNetwork:
    return compile_for_inference(model, precision=Precision.FP32)


@pytest.fixture(scope="module")
def video(make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("v") / "walk.mp4", seconds=3.2)


def all_frames(path: Path, card: ModelCard) -> tuple[np.ndarray, np.ndarray, float]:
    reader = VideoReader(path, card.frames)
    frames = np.stack([picture for _, picture, _ in reader.read()])
    return frames, reader.times, reader.duration


def test_equals_the_plain_way(video: Path, model: Model, ready: InferenceNetwork) -> None:
    """One clip at a time, from a full decode, through the plain network."""
    frames, times, duration = all_frames(video, model.card)
    edges = interval_edges(duration, 0.5)
    rows, scenes = [], []
    for low, high in pairwise(edges):
        moments = low + (high - low) * (np.arange(4) + 0.5) / 4
        clip = torch.from_numpy(frames[on_screen(times, moments)])[None]
        with torch.inference_mode():
            actions, scene = model.network(normalise(clip))
        rows.append(actions[0].numpy())
        scenes.append(torch.softmax(scene[0].double(), 0).numpy())
    track = score_video(ready, model.card, video)
    assert track.edges == pytest.approx(edges)
    assert len(track) == 7  # six whole intervals and the tail
    assert track.logits == pytest.approx(np.stack(rows), abs=1e-3)
    assert track.scene_probs == pytest.approx(np.mean(scenes[:6], axis=0), abs=1e-3)
    assert (track.temperature, track.t, track.model, track.video_id) == (1.5, 0.5, "tiny", "walk")
    assert track.priors is model.card.priors


def test_batch_size_changes_nothing(video: Path, model: Model, ready: InferenceNetwork) -> None:
    plain = score_video(ready, model.card, video)
    for batch in (1, 3, 100):
        again = score_video(ready, model.card, video, ScoreOptions(batch=batch))
        assert again.logits == pytest.approx(plain.logits, abs=1e-4)


def test_cached_equals_live(video: Path, model: Model, ready: InferenceNetwork, tmp_path: Path) -> None:
    cache = FrameCache(tmp_path, model.card.frames)
    build_cache(cache, {"walk": video}, jobs=1)
    live = score_video(ready, model.card, video)
    cached = ClipScorer(ready, model.card).score(cache.open("walk", video), "walk")
    assert cached.edges == pytest.approx(live.edges)
    assert cached.logits == pytest.approx(live.logits, abs=0.05)  # what JPEG does to a grey picture


class Step:
    """Answers by the grey of the clip's middle: class 1 above a level, else background."""

    def __init__(self, level: float, sharpness: float = 0.5) -> None:
        self.level, self.sharpness, self.clips = level, sharpness, 0

    def __call__(self, frames_NTHWC: Tensor) -> ClipLogits:
        self.clips += len(frames_NTHWC)
        grey = frames_NTHWC.float().mean((1, 2, 3, 4))
        z = (grey - self.level) * self.sharpness
        return ClipLogits(torch.stack([torch.zeros_like(z), z], dim=1), None)


def step_card(card: Callable[..., ModelCard], **changes: object) -> ModelCard:
    from bineego.labels import LabelSet

    return card(
        network=NetworkConfig(trunk=Trunk.RESNET18, n_classes=2, n_frames=4),
        labels=LabelSet(actions=("bright",)),
        priors=None,
        temperature=1.0,
        **changes,
    )


@pytest.fixture(scope="module")
def ramp(make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey 20 to 212 over three seconds: it passes 120 at 1.5625 s."""
    return make_video(tmp_path_factory.mktemp("v") / "ramp.mp4", seconds=3.0)


def test_overlapping_intervals_give_a_finer_track(ramp: Path, card_of: Callable[..., ModelCard]) -> None:
    fine = score_video(Step(120), step_card(card_of), ramp, ScoreOptions(stride=0.125))
    assert len(fine) == 24
    assert np.diff(fine.edges) == pytest.approx(0.125)
    probabilities = fine.probabilities()
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    turn = fine.edges[int((probabilities[:, 1] > 0.5).argmax())]
    assert turn == pytest.approx(1.5625, abs=0.13)
    assert (np.diff(probabilities[:, 1]) > -1e-9).all()


def test_means_are_of_calibrated_probabilities(ramp: Path, card_of: Callable[..., ModelCard]) -> None:
    options = ScoreOptions(stride=0.25)
    for activation in Activation:
        warm = step_card(card_of, activation=activation)
        track = score_video(Step(120, 0.05), warm, ramp, options)
        hot = score_video(Step(120, 0.1), ModelCard(**{**warm.__dict__, "temperature": 2.0}), ramp, options)
        assert hot.probabilities() == pytest.approx(track.probabilities(), abs=1e-5)


def test_coarse_to_fine_skips_what_is_settled(ramp: Path, card_of: Callable[..., ModelCard]) -> None:
    card = step_card(card_of, interval=0.125)
    every, some = Step(120), Step(120)
    full = score_video(every, card, ramp)
    coarse = score_video(some, card, ramp, ScoreOptions(coarse=4))
    assert every.clips == 24
    assert some.clips <= 10  # seven coarse ones and two for the change
    assert (full.logits.argmax(axis=1) == coarse.logits.argmax(axis=1)).all()
    assert coarse.edges == pytest.approx(full.edges)


def test_no_action_head(video: Path, card_of: Callable[..., ModelCard]) -> None:
    from bineego.labels import LabelSet

    card = card_of(
        network=NetworkConfig(trunk=Trunk.RESNET18, n_scenes=2, n_frames=4),
        labels=LabelSet(scenes=("a", "b")),
        priors=None,
    )
    track = score_video(lambda frames: ClipLogits(None, torch.tensor([[2.0, 0.0]] * len(frames))), card, video)
    assert track.logits.shape == (7, 1)
    assert track.scene == ("a", pytest.approx(1 / (1 + np.exp(-2.0))))


def test_several_decoders_give_the_same(
    make_video: MakeVideo, model: Model, ready: InferenceNetwork, tmp_path: Path
) -> None:
    path = make_video(tmp_path / "long.mp4", seconds=8.0)
    one = score_video(ready, model.card, path)
    two = score_video(ready, model.card, path, decoders=2)
    assert (one.logits == two.logits).all()
    assert one.duration == two.duration


@pytest.mark.parametrize("stretch", [8, 40, 800])
def test_coarse_to_fine_in_stretches(
    stretch: int, ramp: Path, card_of: Callable[..., ModelCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few frames are held, the answers are the same."""
    monkeypatch.setattr("bineego.inference.coarse.STRETCH_FRAMES", stretch)
    card = step_card(card_of, interval=0.125)
    full = score_video(Step(120), card, ramp)
    for every in (2, 5, 100):
        some = Step(120)
        coarse = score_video(some, card, ramp, ScoreOptions(coarse=every))
        assert (full.logits.argmax(axis=1) == coarse.logits.argmax(axis=1)).all()
        assert some.clips < 24


def test_the_stream_that_is_asked_for_is_scored(ready: InferenceNetwork, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "lenses.mp4"
    with av.open(str(path), "w") as output:
        streams = [output.add_stream("libx264", rate=8) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(16):
            for stream, grey in zip(streams, (20, 220), strict=True):
                picture = np.full((32, 32, 3), grey, np.uint8)
                output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        for stream in streams:
            output.mux(stream.encode(None))
    first, second = (score_video(ready, model.card, path, ScoreOptions(stream=stream)) for stream in (0, 1))
    assert len(first) == len(second) == 4
    assert np.abs(first.logits - second.logits).max() > 0.01
