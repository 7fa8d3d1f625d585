"""Whether models can read what is to be localized: videos, or features of some kinds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bineego.errors import InputInvalid, InputMissing, ModelError, UsageError
from bineego.features import npy
from bineego.features.kinds import foreign, may_lack, measured, views_of
from bineego.inference.items import Item
from bineego.inference.options import ScoreOptions
from bineego.inference.views import Loaded
from bineego.tsm.card import ModelCard
from bineego.tsm.config import TemporalConfig
from bineego.words import listed


def check_suiting(items: Sequence[Item], models: Sequence[Loaded], options: ScoreOptions) -> None:
    """Refuse, before any work, what the models cannot read.

    Raises:
        UsageError: features for a model that looks at clips, or options about videos for features.
        ModelError: videos for a model of features that bineego does not make.
        InputInvalid: features that are not those that the model was trained on.
    """
    features = [item for item in items if item.is_features]
    cards = [one.model.card for one in models]
    if any(item.is_video for item in items):
        for card in cards:
            _check_makes(card)
    if not features:
        return
    for name in ("start", "end", "stream"):
        if getattr(options, name) != getattr(ScoreOptions(), name):
            raise UsageError("is about videos, these are features", where=f"--{name}", remedy="leave it out")
    readable = [file for item in features if (file := _described(item.paths[0])) is not None]
    for card in cards:
        if not isinstance(card.network, TemporalConfig):
            raise UsageError(
                f"the model {card.name!r} looks at clips of video, and these are features",
                where=features[0].files[0],
                remedy="name videos, or a model of --head temporal",
            )
        for file in readable[:1]:
            _check_reads(card.network, file)


def _described(path: Path) -> npy.FeatureFile | None:
    """None for a file with something wrong, which is told when its turn comes."""
    try:
        return npy.describe(path)
    except (InputInvalid, InputMissing):
        return None


def _check_makes(card: ModelCard) -> None:
    config = card.network
    if not isinstance(config, TemporalConfig):
        return
    if given := foreign(config.kinds, has_trunk=config.trunk is not None):
        raise ModelError(
            f"the model {card.name!r} reads features that were given ({listed(given, 'kind')}), and cannot make them "
            "of a video",
            remedy="give it the features of these videos: a folder of .npy files, made as those it was trained on",
        )


def _check_reads(config: TemporalConfig, file: npy.FeatureFile) -> None:
    if views := views_of(config.kinds):
        raise InputInvalid(
            f"the model reads {' and '.join(views)} video together, and not features",
            where=file.path,
            remedy="give it the videos, or train it on these features",
        )
    have = {kind: file.kinds.get(kind) or file.kinds.get(*measured([kind])) for kind in config.kinds}
    lacking = [kind for kind, width in have.items() if width is None and not may_lack(kind)]
    if lacking:
        raise InputInvalid(
            f"no features of {listed(lacking, 'kind')}, which the model reads; it has {', '.join(file.kinds)}",
            where=file.path,
            remedy="make them as those that the model was trained on",
        )
    for kind, width in zip(config.kinds, config.widths, strict=True):
        if have[kind] not in (width, None):
            raise InputInvalid(
                f"{have[kind]:,} features of kind {kind!r}, and the model was trained on {width:,}",
                where=file.path,
                remedy="make them as those that the model was trained on",
            )
    weights = file.made_by.get("weights")
    if config.weights and weights is not None and weights != config.weights:
        raise InputInvalid(
            "made with the weights of another network than the model was trained on",
            where=file.path,
            remedy="make them with: bineego extract-features --model RUN",
        )
