"""The public verb: several models' answers made one."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bineego import config, postprocess, segments, toml
from bineego.ensembling import average, paper
from bineego.ensembling.agree import warn_of_scales, with_common_ids
from bineego.ensembling.bridge import bridge as join_fragments
from bineego.ensembling.candidates import collect
from bineego.ensembling.inputs import EnsembleInput, ModelAnswers, is_tabular, read_models
from bineego.ensembling.options import EnsembleCall, EnsembleOptions, Method, Settings, check_weights, read_settings
from bineego.errors import UsageError
from bineego.formats import activitynet, csv
from bineego.postprocess import DecodeOptions, fusion
from bineego.records import check_free, recorded
from bineego.tracks import ScoreTrack
from bineego.words import listed

SCENES_NAME = "scenes.csv"
"""Written beside the segments, as `localize` does it; `evaluate` looks for it there."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fused:
    """The result of combining models.

    Attributes:
        table: scored segments in file order (video, start, end).
        scenes: scene and its probability by video id; only from score tracks with scene heads.
    """

    table: pd.DataFrame
    scenes: dict[str, tuple[str, float]] = field(default_factory=dict)


@config.takes(EnsembleCall)
def ensemble(
    inputs: Sequence[EnsembleInput],
    *,
    decode: DecodeOptions | None = None,
    options: EnsembleOptions | None = None,
    **given: Any,
) -> pd.DataFrame:
    """Fuse the answers of several models into one scored table, ordered by video, start and end.

    Args:
        inputs: one per model: a file of predictions, a score track, a folder of score tracks, or tables and tracks in
            memory. Either all segments or all score tracks.
        decode: how score tracks become segments; None = as `localize` does by default.
        options: many options at once; keywords win.
        given: see `EnsembleCall`. `weights`: one per model, 0 = the model is left out; None = equal; or the file of an
            earlier `fit`, whose other choices hold where they are not given here.

    Raises:
        UsageError: wrong weights or options, or segments and score tracks together.
        InputMissing, InputInvalid: a file that cannot be read, or with wrong content.
    """
    call = config.build(EnsembleCall, options, given)
    return run(inputs, call, decode=decode).table


def run(inputs: Sequence[EnsembleInput], call: EnsembleCall, *, decode: DecodeOptions | None = None) -> Fused:
    """`ensemble` with its options as one object, and the scenes in the result.

    Raises:
        UsageError, InputMissing, InputInvalid: as `ensemble`.
    """
    given = {name: getattr(call, name) for name in call.given if name in config.options(EnsembleOptions)}
    if decode is None and call.postprocess is not None:
        decode = DecodeOptions(postprocess=call.postprocess)
    if isinstance(call.weights, str):
        fitted = read_settings(Path(call.weights))
        options = config.build(EnsembleOptions, _of_fit(fitted, given), given)
        if decode is None and fitted.postprocess is not None:
            decode = DecodeOptions(postprocess=fitted.postprocess)
        models = read_models(inputs)
        numbers: Sequence[float] | None = fitted.weights_for([model.name for model in models], call.weights)
    else:
        options, numbers = config.build(EnsembleOptions, call), call.weights
        if is_tabular(inputs):
            # Before reading what may be large; score-track files may turn out to be of one model.
            check_weights(numbers, len(inputs))
        models = read_models(inputs)
    models = with_common_ids(models)
    warn_of_scales(models)
    _warn_of_idle(given, _method(models, options)[1])
    return fuse_models(models, numbers, options, decode)


def _of_fit(fitted: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a fit; without those that belong to its method if another one is asked for."""
    values = toml.to_toml(fitted.options)
    if given.get("method") not in (None, fitted.method):
        values = {name: value for name, value in values.items() if name not in ("method", "iou", "missing")}
    return values


def fuse_models(
    models: Sequence[ModelAnswers],
    weights: Sequence[float] | None,
    options: EnsembleOptions,
    decode: DecodeOptions | None = None,
) -> Fused:
    """Fuse models that are read.

    Raises:
        UsageError: weights that do not fit, or track options for tables.
    """
    shares = check_weights(weights, len(models))
    with_tracks, method = _method(models, options)
    if not with_tracks and (method is Method.TRACKS or decode is not None):
        raise UsageError(
            "track fusion and decoding need score tracks, but these are segments",
            remedy="use .scores.npz files, or folders of them (bineego localize --save-scores)",
        )
    scenes = _scenes(models, shares, options) if with_tracks else {}
    if method is Method.TRACKS:
        return Fused(table=_tracks_as_table(models, shares, options, decode or DecodeOptions()), scenes=scenes)
    tables = [join_fragments(as_table(model, decode or DecodeOptions()), options.bridge) for model in models]
    _warn_of_strangers([table for table, share in zip(tables, shares, strict=True) if share > 0])
    candidates = collect(tables, shares)
    rule = paper.merge_candidates if method is Method.PAPER else average.average_candidates
    table = rule(candidates, iou=options.iou_for(method), missing=options.missing_for(method))
    return Fused(table=table, scenes=scenes)


def _method(models: Sequence[ModelAnswers], options: EnsembleOptions) -> tuple[bool, Method]:
    """Whether the models are score tracks, and what is fused."""
    with_tracks = all(model.table is None for model in models)
    return with_tracks, options.method or (Method.TRACKS if with_tracks else Method.PAPER)


def _warn_of_idle(given: Mapping[str, Any], method: Method) -> None:
    """Say which of the given options the method does not look at."""
    for name, idle in (("iou", method is Method.TRACKS), ("pooling", method is not Method.TRACKS)):
        if idle and given.get(name) is not None:
            log.warning("--%s is ignored with --method %s", name, method)


def _warn_of_strangers(tables: Sequence[pd.DataFrame]) -> None:
    """Name the videos and labels that not all tables have: another spelling would be one, and halve every score."""
    for column, noun in (("video_id", "video"), ("label", "label")):
        names = [dict.fromkeys(table[column].unique()) for table in tables]
        partial = [
            name for name in dict.fromkeys(itertools.chain(*names)) if not all(name in others for others in names)
        ]
        if partial:
            log.warning(
                "%s %s missing from some inputs; those models have no candidate for %s",
                listed(partial, noun),
                *(("is", "it") if len(partial) == 1 else ("are", "them")),
            )


def as_table(model: ModelAnswers, decode: DecodeOptions) -> pd.DataFrame:
    """A model's segments; score tracks are decoded."""
    if model.table is not None:
        return model.table
    parts = [postprocess.decode(model.tracks[video], decode) for video in sorted(model.tracks)]
    return segments.concat(parts, scored=True)


def _by_video(
    models: Sequence[ModelAnswers], shares: Sequence[float]
) -> dict[str, tuple[list[ScoreTrack], list[float]]]:
    """The tracks of each video and the weights of their models; models of weight 0 are left out."""
    used = [(model, share) for model, share in zip(models, shares, strict=True) if share > 0]
    found: dict[str, tuple[list[ScoreTrack], list[float]]] = {}
    for video in sorted({video for model, _ in used for video in model.tracks}):
        having = [(model.tracks[video], share) for model, share in used if video in model.tracks]
        found[video] = [track for track, _ in having], [share for _, share in having]
    return found


def _tracks_as_table(
    models: Sequence[ModelAnswers], shares: Sequence[float], options: EnsembleOptions, decode: DecodeOptions
) -> pd.DataFrame:
    if options.bridge:
        decode = dataclasses.replace(decode, bridge=options.bridge)
    parts, partial = [], 0
    n_used = sum(share > 0 for share in shares)
    for having, weights in _by_video(models, shares).values():
        partial += len(having) < n_used
        parts.append(postprocess.decode(_fused_track(having, weights, options), decode))
    if partial:
        log.warning("%d of %d videos lack the score track of a model and are fused without it", partial, len(parts))
    return segments.order_by_time(segments.concat(parts, scored=True))


def _fused_track(having: Sequence[ScoreTrack], weights: Sequence[float], options: EnsembleOptions) -> ScoreTrack:
    return fusion.fuse_tracks(having, weights, missing=options.missing_for(Method.TRACKS), pooling=options.pooling)


def _scenes(
    models: Sequence[ModelAnswers], shares: Sequence[float], options: EnsembleOptions
) -> dict[str, tuple[str, float]]:
    """Scene and probability of every video that a model with a scene head has seen, whatever the method."""
    found = {}
    for video, (having, weights) in _by_video(models, shares).items():
        scene = fusion.fuse_scenes(having, weights, options.missing_for(Method.TRACKS))
        if scene is not None:
            found[video] = scene
    return found


def write(fused: Fused, path: Path, inputs: Sequence[str] = (), *, overwrite: bool = False) -> None:
    """Write the segments (ActivityNet JSON if `path` ends in .json, else CSV), and the scenes beside them if there are.

    Scenes are not written into a folder that holds an input: the `scenes.csv` there is that model's own.

    Raises:
        UsageError: there is a `scenes.csv` that is not ours to replace.
    """
    homes = {Path(name).resolve() if Path(name).is_dir() else Path(name).resolve().parent for name in inputs}
    beside = path.parent / SCENES_NAME
    at_home = path.parent.resolve() in homes and beside.exists()
    if fused.scenes and not at_home:
        check_free(beside, overwrite=overwrite)
    with recorded(path) as draft:
        if path.suffix.casefold() == ".json":
            activitynet.write_predictions(fused.table, draft)
        else:
            csv.write_segments(fused.table, draft)
    if not fused.scenes:
        return
    if at_home:
        log.warning(
            "%s belongs to one model, so the fused scenes are not written; choose another folder with -o", beside
        )
        return
    with recorded(beside) as draft:
        csv.write_scenes(fused.scenes, draft)
