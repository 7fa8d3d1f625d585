"""What is heard at every step: energies as torch computes them, at the right moments, left apart from right."""

from __future__ import annotations

import logging
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from features.tracks_at_hand import make_track

import bineego
from bineego import features
from bineego.errors import InputInvalid
from bineego.features.cache import FeatureCache
from bineego.features.sound import BANDS, HOP, WIDTH, WINDOW, mel_bands, sound_features, windows
from bineego.synth import SOUND_PAIR, write_dataset
from bineego.video.scan import scan
from bineego.video.sound import RATE, has_sound, read_sound

SECONDS = 4.0


@pytest.fixture
def notes(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Messages for the user."""
    caplog.set_level(logging.INFO, "bineego")
    return caplog


def tone(seconds: float, hertz: float = 1000.0, rate: int = RATE) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def write(path: Path, sound: np.ndarray | None, *, rate: int = 48_000, codec: str = "aac", delay: float = 0.0) -> Path:
    """Pictures, and channels (N, C) that begin `delay` seconds after them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = None if sound is None else container.add_stream(codec, rate=rate)
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[1 if sound is None else sound.shape[1]]
        if audio is not None:
            audio.layout = layout
        for _ in range(round(SECONDS * 25)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(video.encode())
        if audio is not None and sound is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T, np.float32), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, round(delay * rate)
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def heard(path: Path, rate: float = 12.5, **part: float) -> np.ndarray:
    timeline = scan(path)
    length = part.get("end", timeline.duration) - part.get("start", 0.0)
    return sound_features(read_sound(path, timeline, **part), length, rate).astype(float)


def test_energies_are_those_of_torch() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, (50_000, 2)).astype(np.float32)
    parts = [samples[:7000], samples[7000:7100], samples[7100:40_000], samples[40_000:]]
    mine = np.concatenate([energy for _, energy in windows(parts)])
    shape = torch.hann_window(WINDOW, dtype=torch.double)
    waves = torch.from_numpy(samples.T.copy()).double()
    spectrum = torch.stft(waves, WINDOW, HOP, window=shape, center=True, pad_mode="constant", return_complex=True)
    power = (spectrum.abs() ** 2 / shape.sum() ** 2).permute(2, 0, 1).numpy() @ mel_bands().T
    np.testing.assert_allclose(mine, power[: len(mine)], rtol=1e-9, atol=1e-15)


def test_a_tone_is_heard_when_and_where_and_how_high_it_is(tmp_path: Path) -> None:
    wave = tone(SECONDS, rate=48_000)[:, None] * [1.0, 0.1]
    wave[: 48_000 * 2] = 0
    found = heard(write(tmp_path / "a.mp4", wave))
    assert found.shape == (50, WIDTH)
    left, right, change, level = np.split(found, [BANDS, 2 * BANDS, 3 * BANDS], axis=1)
    corners = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + f / 700) for f in (50, 8000)), BANDS + 2) / 2595) - 1)
    assert left[30].argmax() == np.abs(corners[1:-1] - 1000).argmin()
    loud = left.max(axis=1) > -8
    assert np.flatnonzero(loud)[0] in (24, 25)
    assert loud[26:49].all()
    np.testing.assert_allclose(level[27:48], 2 * np.log(10), atol=0.1)
    assert (left.max(axis=1) > right.max(axis=1))[26:49].all()
    assert change[25, left[30].argmax()] > 3  # it begins
    assert abs(change[35, left[30].argmax()]) < 0.5  # it goes on


def test_the_clock_is_that_of_the_pictures(tmp_path: Path) -> None:
    path = write(tmp_path / "late.mkv", tone(1.0, rate=48_000)[:, None], codec="pcm_s16le", delay=2.0)
    loud = heard(path)[:, :BANDS].max(axis=1) > -8
    assert loud[26:36].all()
    assert not loud[:24].any()
    assert not loud[39:].any()
    part = heard(path, start=1.6, end=3.2)[:, :BANDS].max(axis=1) > -8
    assert np.flatnonzero(part).tolist() == [step - 20 for step in np.flatnonzero(loud)]


def test_one_channel_is_both_and_of_many_two_are_taken(tmp_path: Path) -> None:
    one = heard(write(tmp_path / "one.mp4", tone(SECONDS, rate=48_000)[:, None]))
    np.testing.assert_array_equal(one[:, :BANDS], one[:, BANDS : 2 * BANDS])
    assert not one[:, -1].any()
    six = heard(write(tmp_path / "six.mkv", tone(SECONDS, rate=48_000)[:, None] * [1, 0, 1, 0, 0, 0]))
    assert (six[5:45, -1] > 5).all()


def test_damaged_sound_is_silence_not_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", tone(SECONDS, rate=48_000)[:, None])
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(1)
    for place in rng.integers(len(content) // 2, len(content) - 200, 60):
        content[place] ^= 255
    path.write_bytes(content)
    assert np.isfinite(heard(path)).all()


def test_videos_without_sound_lack_the_kind_and_keep_their_key(tmp_path: Path, notes) -> None:
    silent, loud = (
        write(tmp_path / "in/silent.mp4", None),
        write(tmp_path / "in/loud.mp4", tone(1.0)[:, None], rate=RATE),
    )
    assert (has_sound(silent), has_sound(loud), has_sound(tmp_path / "gone.mp4")) == (False, True, False)
    made_by = {"size": 32}
    keys = [FeatureCache(tmp_path, made_by, hears=hears) for hears in (False, True)]
    assert keys[0].entry("a", silent) == keys[1].entry("a", silent)
    assert keys[0].entry("a", loud) != keys[1].entry("a", loud)
    found = bineego.extract_features(
        tmp_path / "in", tmp_path / "out", kinds=["motion", "sound"], size=32, jobs=1, cache=tmp_path / "cache"
    )
    assert {name: list(track.kinds) for name, track in found.items()} == {
        "loud": ["motion", "sound"],
        "silent": ["motion"],
    }
    assert "without sound: 1 video (silent)" in notes.text
    with pytest.raises(InputInvalid, match="has no sound"):
        bineego.extract_features(silent, tmp_path / "other", kinds=["sound"], size=32, jobs=1, cache=tmp_path / "cache")


def test_a_missing_sound_is_masked() -> None:
    loud, silent = make_track(8.0, widths={"final": 6, "sound": 5}), make_track(8.0, widths={"final": 6})
    projection = features.fit_projection({"loud": loud, "silent": silent}, ["final", "sound"])
    assert not projection.apply(silent)[:, projection.columns("sound")].any()
    assert projection.apply(loud)[:, projection.columns("sound")].any()
    with pytest.raises(InputInvalid, match="no video has features of kind 'sound'"):
        features.fit_projection({"silent": silent}, ["final", "sound"])


def test_the_synthetic_set_has_sound_if_it_is_asked_for(tmp_path: Path) -> None:
    """The pictures are the same, the pair is the same movement, and the sound says which it is."""
    how = {
        "recordings": 1,
        "seconds": 12,
        "size": (64, 32),
        "fps": 10,
        "actions": SOUND_PAIR,
        "val_share": 0,
        "jobs": 1,
    }
    with_sound, without = (write_dataset(tmp_path / str(sound), sound=sound, **how) for sound in (True, False))
    (loud,), (silent,) = (sorted((folder / "panoramic").iterdir()) for folder in (with_sound, without))
    assert (has_sound(loud), has_sound(silent)) == (True, False)
    frames = [[frame.to_ndarray() for frame in av.open(str(path)).decode(video=0)] for path in (loud, silent)]
    np.testing.assert_array_equal(*frames)
    assert scan(loud).duration == scan(silent).duration
    table = bineego.read_segments(with_sound / "TAL_annotations")
    found = heard(loud)
    edges = np.arange(len(found)) / 12.5
    during = np.zeros(len(found), bool)
    for start, end in zip(table["start"], table["end"], strict=True):
        during |= (edges > start + 0.1) & (edges < end - 0.2)
    assert found[during, :BANDS].max(1).mean() > found[~during, :BANDS].max(1).mean() + 2
