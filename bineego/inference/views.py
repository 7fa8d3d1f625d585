"""The views of a call, and the model for each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bineego.datasets.recording import View
from bineego.errors import InputInvalid, UsageError
from bineego.features.kinds import views_of
from bineego.inference.options import ScoreOptions
from bineego.runs import find_model
from bineego.tsm.config import TemporalConfig
from bineego.tsm.model_file import Model, load_model
from bineego.tsm.network import TSM
from bineego.words import flag

ModelSource = Model | Path | str
"""A model in memory, its file, a run's folder or a run's name."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """A model, and its file; None = it was given in memory."""

    model: Model
    path: Path | None


def check_views(views: Sequence[View]) -> None:
    """Refuse views that cannot be fused.

    Raises:
        UsageError: none, or several of which one is egocentric.
    """
    if not views:
        raise UsageError("no view", remedy=f"one of {', '.join(View)}")
    own = [view for view in views if not view.has_timeline]
    if own and len(views) > 1:
        raise UsageError(
            f"{own[0]} clips have their own timeline and cannot be fused with another view",
            remedy="--view panoramic,third_person, or a single egocentric view",
        )


def load_models(given: ModelSource | Sequence[ModelSource] | None, views: Sequence[View]) -> tuple[Loaded, ...]:
    """The model for each view. One that serves several views is loaded once.

    Args:
        given: one for all views, or one for each; None = the newest run under ./runs.
        views: which views.

    Raises:
        UsageError: another number of models than of views.
        ModelError: a model is not there, or is none.
    """
    sources = [given] if given is None or isinstance(given, ModelSource) else list(given)
    if len(sources) not in (1, len(views)):
        raise UsageError(
            f"{len(sources)} models for {len(views)} {'view' if len(views) == 1 else 'views'}",
            remedy="give one model for all views, or one per view in the order of --view; to combine several "
            "models of one view use: bineego ensemble",
        )
    found = [source if isinstance(source, Model) else find_model(source) for source in sources]
    loaded = {
        source: Loaded(model=source, path=None)
        if isinstance(source, Model)
        else Loaded(model=load_model(source), path=source)
        for source in dict.fromkeys(found)
    }
    return tuple(loaded[source] for source in (found * len(views) if len(found) == 1 else found))


def check_joint(models: Sequence[Loaded]) -> None:
    """Refuse models of several views beside others: such a model takes all views by itself.

    Raises:
        UsageError: there are several models, and one of them is such.
    """
    several = len(dict.fromkeys(models)) > 1
    for one in models if several else ():
        if views := _views_of(one):
            raise UsageError(
                f"the model {one.model.card.name!r} reads {' and '.join(views)} together",
                where="--model",
                remedy="name it alone",
            )


def _views_of(one: Loaded) -> tuple[str, ...]:
    """The views that a model reads together."""
    config = one.model.card.network
    return views_of(config.kinds) if isinstance(config, TemporalConfig) else ()


def check_score_options(models: Sequence[Loaded], options: ScoreOptions) -> None:
    """Refuse options of clips for models that look over whole videos.

    Raises:
        UsageError: one of these.
    """
    if not models or any(isinstance(one.model.network, TSM) for one in models):
        return
    usual = ScoreOptions()
    for name in ("stride", "clip_duration", "coarse"):
        if getattr(options, name) != getattr(usual, name):
            raise UsageError(
                f"{flag(name)} applies to clips, but this model reads whole videos",
                remedy="leave it out",
            )


def have_actions(models: Sequence[Loaded], views: Sequence[View]) -> bool:
    """Whether there are actions to write; without models there are score tracks only, which have them.

    Raises:
        InputInvalid: there is nothing at all that the model could say of this view.
    """
    if not models:
        return True
    if not views[0].has_timeline:
        if not models[0].model.card.labels.scenes:
            raise InputInvalid(
                f"{views[0]} clips have no annotated timeline, so only their scene could be predicted, but "
                "the model knows no scenes",
                remedy="use a model trained with --task multi or scene, or --view panoramic or third_person",
            )
        log.info("%s clips have no annotated timeline: only scenes are predicted", views[0])
        return False
    joint = {view for one in models for view in _views_of(one)}
    for one, view in zip(models, views, strict=True):
        if not joint and one.model.card.view != view:
            log.info("the model was trained on %s video, but this is %s video", one.model.card.view, view)
    if all(one.model.card.network.n_classes == 0 for one in models):
        log.info("the model predicts only scenes, so there is no predictions.csv")
        return False
    return True
