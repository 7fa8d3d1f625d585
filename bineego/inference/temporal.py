"""Videos to score tracks by a temporal model: features of every step, then one look over the whole video."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from bineego.errors import InputInvalid, ModelError
from bineego.features import npy
from bineego.features import track as tracks
from bineego.features.cache import FeatureCache
from bineego.features.kinds import Kind, base_of, foreign, views_of
from bineego.features.lengths import check_lengths
from bineego.features.maker import FeatureMaker
from bineego.features.options import FeatureOptions
from bineego.features.projection import KindProjection, Projection
from bineego.features.track import FeatureTrack
from bineego.features.views import join_views
from bineego.heads.track import to_track
from bineego.kept import Kept
from bineego.tracks import ScoreTrack
from bineego.tsm.card import ModelCard
from bineego.tsm.config import TemporalConfig
from bineego.tsm.feature_network import FeatureNetwork
from bineego.tsm.temporal_network import TemporalNetwork
from bineego.types import OnProgress
from bineego.video.damage import Damage
from bineego.video.options import Backend

log = logging.getLogger(__name__)


class TemporalScorer:
    """A temporal model made ready. Memory grows with a video's length: by about 25 MB a minute.

    Args:
        network: of the model.
        card: its card.
        device: where trunk and head compute.
        backend: what decodes the videos.
        threads: decoding threads; 0 = one a core.
        stream: which picture of a file that has several.
        start, end: the part of each video, seconds.
        features: folder of feature tracks that training kept; a whole video that has its own there is not read again.

    Attributes:
        damage, lacking: see `Scorer`.
    """

    def __init__(
        self,
        network: TemporalNetwork,
        card: ModelCard,
        *,
        device: torch.device | str = "cpu",
        backend: Backend = Backend.PYAV,
        threads: int = 0,
        stream: int = 0,
        start: float = 0.0,
        end: float | None = None,
        features: Path | None = None,
    ) -> None:
        self.card, self.threads, self.device = card, threads, torch.device(device)
        self.stream, self.start, self.end = stream, start, end
        self.maker = _maker(network, card, backend, device)
        self.caches: list[FeatureCache] = []
        if features is not None and self.maker is not None and stream == 0 and start == 0 and end is None:
            # Features with sound serve a model without; not the other way round.
            kept = dict.fromkeys([self.maker.hears, True])
            self.caches = [FeatureCache(features, self.maker.made_by, hears=hears) for hears in kept]
        self.damage = Damage()
        self.lacking: tuple[str, ...] = ()
        self.projection = projection_of(network)
        self.head = network.head.to(self.device).eval()

    def score(
        self, video: Path, video_id: str, on_progress: OnProgress | None = None, kept: Kept | None = None
    ) -> ScoreTrack:
        """See `Scorer.score`; `video` may also be a feature file."""
        track = self._given(video) or self._cached(video, video_id) or self._made(video, video_id, on_progress, kept)
        self.damage = track.damage
        return self.score_features(track)

    @property
    def views(self) -> tuple[str, ...]:
        """The views that the model reads together; none of a model that reads one, whichever."""
        return views_of(self.projection.kinds)

    def score_views(
        self, videos: Mapping[str, Path], video_id: str, on_progress: OnProgress | None = None
    ) -> ScoreTrack:
        """The score track of a recording, by a model of several views; those that are not there are masked.

        Args:
            videos: file by view.

        Raises:
            InputInvalid: the model reads none of these views.
            BineegoError: see `Scorer.score`.
        """
        known = {view: path for view, path in videos.items() if view in self.views}
        if not known:
            raise InputInvalid(
                f"the model reads {' and '.join(self.views)} video, and this is {' and '.join(videos)}",
                where=next(iter(videos.values())),
                remedy=f"--view {','.join(self.views)}",
            )
        found = {}
        for number, (view, path) in enumerate(known.items()):
            done = None if on_progress is None else _share_of(on_progress, number, len(known))
            found[view] = self._cached(path, video_id) or self._made(path, video_id, done, None)
        self.damage = next((track.damage for track in found.values() if track.damage), Damage())
        return self.score_features(join_views(found))

    def _given(self, path: Path) -> FeatureTrack | None:
        """The features of a feature file, at the model's steps; None if it is none."""
        if not npy.is_feature_file(path):
            return None
        file = npy.describe(path)
        check_lengths({file.video_id: file}, {})
        return npy.load(file, self.card.network.rate if isinstance(self.card.network, TemporalConfig) else None)

    def _cached(self, video: Path, video_id: str) -> FeatureTrack | None:
        """The features that training kept of a video as it is now; None without them."""
        cache = next((cache for cache in self.caches if cache.has(video_id, video)), None)
        if cache is None:
            return None
        try:
            return tracks.load(cache.entry(video_id, video))
        except InputInvalid as error:
            log.warning("%s; its features are made again", error)
            return None

    def _made(self, video: Path, video_id: str, on_progress: OnProgress | None, kept: Kept | None) -> FeatureTrack:
        if self.maker is None:
            raise ModelError("reads features that were given, and cannot make them of a video", where=self.card.name)
        parts = self.maker.track(
            video, video_id, self.threads, kept, stream=self.stream, start=self.start, end=self.end
        )
        for found in parts:
            if isinstance(found, FeatureTrack):
                return found
            if on_progress is not None:
                on_progress(found, 1.0)
        raise AssertionError("features end with their track")

    def score_features(self, track: FeatureTrack) -> ScoreTrack:
        """The score track of a video whose features are there; without the kinds that it may lack, and does."""
        self.lacking = track.lacks(self.projection.kinds)
        features = torch.from_numpy(self.projection.apply(track)).to(self.device)
        with torch.inference_mode():
            scores = self.head(features)
        return with_card(
            to_track(scores, track.edges, self.card.labels, video_id=track.video_id, t=self.card.interval), self.card
        )


def _maker(
    network: TemporalNetwork, card: ModelCard, backend: Backend, device: torch.device | str
) -> FeatureMaker | None:
    """What makes the features that a model reads; None if they can only be given."""
    config = network.config
    if foreign(config.kinds, has_trunk=config.trunk is not None):
        return None
    source = network.feature_maker()
    options = FeatureOptions(
        size=card.frames.size, keep_aspect=card.frames.keep_aspect, rate=config.rate, backend=backend
    )
    trunk = None if source is None else FeatureNetwork(source, config.weights, device)
    return FeatureMaker(options, trunk, hears=Kind.SOUND in map(base_of, config.kinds))


def _share_of(on_progress: OnProgress, number: int, count: int) -> OnProgress:
    """Progress of one of several videos as that of all."""
    return lambda done, total: on_progress(number + done / total, count)


def with_card(track: ScoreTrack, card: ModelCard) -> ScoreTrack:
    """A track with all that its model's card says of how to read it."""
    return dataclasses.replace(
        track,
        activation=card.activation,
        temperature=card.temperature,
        decoding=card.decoding,
        model=card.name,
        priors=card.priors,
    )


def projection_of(network: TemporalNetwork) -> Projection:
    """The projection that a model holds."""
    return Projection(
        parts={
            kind: KindProjection(weight=layer.weight.detach().T.cpu().numpy(), offset=layer.bias.detach().cpu().numpy())
            for kind, layer in zip(network.config.kinds, map(_linear, network.projection), strict=True)
        }
    )


def projection_layers(projection: Projection) -> nn.ModuleList:
    """A projection as a model holds it."""
    layers = nn.ModuleList()
    for part in projection.parts.values():
        layer = nn.Linear(*part.weight.shape)
        layer.load_state_dict({"weight": torch.from_numpy(part.weight.T.copy()), "bias": torch.from_numpy(part.offset)})
        layers.append(layer)
    return layers


def _linear(layer: nn.Module) -> nn.Linear:
    assert isinstance(layer, nn.Linear)
    return layer
