"""Which recordings are trained on and which validate: what `--split` and `--fold` mean."""

from __future__ import annotations

import logging
from pathlib import Path

from bineego.datasets.recording import Dataset, Subset
from bineego.datasets.split import Split, group_keys, kfold, read_split, split_recordings
from bineego.errors import InputInvalid, UsageError
from bineego.training.recipe import SplitPart, parse_fold
from bineego.words import listed

log = logging.getLogger(__name__)

AUTO, DATASET, INNER, RANDOM, NONE = "auto", "dataset", "inner", "random", "none"


def choose_split(dataset: Dataset, wanted: SplitPart) -> Split:
    """The recordings to train and to validate on; `Split.val` is empty under `--split none`, by a split file, or if
    there is one recording only (`cut_in_time`).

    Args:
        dataset: the recordings that can be used.
        wanted: what is asked for.

    Raises:
        UsageError: the data set has not the subsets that were asked for, or too few recordings.
        InputMissing, InputInvalid: a split file that cannot be read or names unknown recordings; of any split, a
            recording, a video file or a group of `group_by` that is on both sides.
    """
    split = _choose(dataset, wanted)
    _check_leaks(split, dataset, wanted.group_by)
    return split


def cut_in_time(split: Split, wanted: SplitPart) -> bool:
    """Whether the only recording is to be trained on in its first part and held out from there on."""
    return wanted.split == AUTO and wanted.fold is None and len(split.train) == 1 and not split.val


def _choose(dataset: Dataset, wanted: SplitPart) -> Split:
    train = dataset.of_subset(Subset.TRAIN)
    # Without a subset train, everything but a subset test, which is left alone.
    usable = (
        train
        if train.recordings
        else dataset.with_recordings([r for r in dataset.recordings if r.subset is not Subset.TEST])
    )
    val = dataset.of_subset(Subset.VAL)
    if wanted.fold is not None:
        part, k = parse_fold(wanted.fold)
        return kfold(usable, k=k, seed=wanted.split_seed, group_by=wanted.group_by)[part - 1]
    match wanted.split:
        case "auto":
            return _auto(dataset, usable, wanted)
        case "dataset":
            if not (train.recordings and val.recordings):
                raise UsageError(
                    f"--split dataset: data set {dataset.name!r} has no recording in subset "
                    f"{'val' if train.recordings else 'train'}",
                    remedy="use --split random, or add subsets to its annotations",
                )
            return Split(train=_ids(train), val=_ids(val))
        case "inner":
            if not train.recordings:
                raise UsageError(
                    f"--split inner: data set {dataset.name!r} has no recording in subset train",
                    remedy="use --split random",
                )
            return _seeded(train, wanted)
        case "random":
            if train.recordings and len(train.recordings) < len(dataset.recordings):
                log.warning("--split random mixes the data set's own subsets, so none of it is left for testing")
            return _seeded(dataset, wanted)
        case "none":
            _warn_nothing_held_out("--split none")
            return Split(train=_ids(usable), val=())
        case path:
            split = read_split(Path(path), dataset)
            if not split.train:
                raise InputInvalid("no recording to train on", where=path)
            if not split.val:
                _warn_nothing_held_out(f"{path}: its val list is empty")
            return split


def _warn_nothing_held_out(why: str) -> None:
    log.warning("%s: validating on the training recordings: scores say nothing about unseen ones", why)


def _auto(dataset: Dataset, usable: Dataset, wanted: SplitPart) -> Split:
    train, val = dataset.of_subset(Subset.TRAIN), dataset.of_subset(Subset.VAL)
    if train.recordings and val.recordings:
        log.info(
            "split: as in the data set, %d recordings to train and %d to validate on",
            len(train.recordings), len(val.recordings),
        )  # fmt: skip
        return Split(train=_ids(train), val=_ids(val))
    if val.recordings:
        raise UsageError(f"data set {dataset.name!r} has a subset val but no subset train", remedy="use --split random")
    if len(usable.recordings) == 1:
        return Split(train=_ids(usable), val=())  # to be cut in time
    split = _seeded(usable, wanted)
    log.info(
        "split: random (seed %d), %d recordings to train and %d to validate on",
        wanted.split_seed, len(split.train), len(split.val),
    )  # fmt: skip
    return split


def _seeded(dataset: Dataset, wanted: SplitPart) -> Split:
    if len(dataset.recordings) < 2:
        raise UsageError(
            f"{len(dataset.recordings)} usable recording(s) cannot be split",
            remedy="use --split none to train and validate on the same ones",
        )
    return split_recordings(dataset, val_share=wanted.val_share, seed=wanted.split_seed, group_by=wanted.group_by)


def _check_leaks(split: Split, dataset: Dataset, group_by: str | None) -> None:
    """Refuse a split whose sides know of each other by more than their ids."""
    files = [
        {path.resolve() for recording in dataset.of_ids(side).recordings for path in recording.videos.values()}
        for side in (split.train, split.val)
    ]
    if shared := sorted(files[0] & files[1]):
        raise InputInvalid(
            f"leak: {listed([path.name for path in shared], 'video file')} of recordings in both train and val",
            remedy="keep one recording per file",
        )
    if group_by is None or not split.val:
        return
    keys = dict(zip(_ids(dataset), group_keys(dataset.recordings, group_by), strict=True))
    if torn := sorted({keys[name] for name in split.train} & {keys[name] for name in split.val}):
        raise InputInvalid(
            f"leak: {listed([key.removeprefix('=') for key in torn], group_by)} in both train and val",
            remedy="use --split random or inner, which keep them together, or leave out --group-by",
        )


def _ids(dataset: Dataset) -> tuple[str, ...]:
    return tuple(recording.recording_id for recording in dataset.recordings)
