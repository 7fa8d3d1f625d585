"""Splits by recording: all views and clips of one event stay on one side.

Balanced greedily over actions and scenes: recordings with the rarest labels are placed first, each where most of its
labels are still missing (after Sechidis et al., "On the Stratification of Multi-label Data", ECML 2011).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from bineego.datasets.recording import Dataset, Recording
from bineego.errors import InputInvalid, UsageError, nearest
from bineego.files import write_bytes
from bineego.formats import json
from bineego.types import Bools, Floats, Ints
from bineego.words import listed

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Split:
    """Recording ids to train on and to validate on."""

    train: tuple[str, ...]
    val: tuple[str, ...]

    def __post_init__(self) -> None:
        for side, ids in (("train", self.train), ("val", self.val)):
            twice = [name for name, count in Counter(ids).items() if count > 1]
            if twice:
                raise InputInvalid(f"{side} names {listed(twice, 'recording')} twice")
        both = sorted(set(self.train) & set(self.val))
        if both:
            raise InputInvalid(f"leak: {listed(both, 'recording')} in both train and val")


def split_recordings(dataset: Dataset, *, val_share: float = 0.2, seed: int = 0, group_by: str | None = None) -> Split:
    """A seeded split of all recordings of `dataset`, both sides in its order.

    Args:
        dataset: recordings; leave out those that cannot be used (no file, no label) before.
        val_share: share of the recordings to hold out, at least one.
        seed: another seed gives another split.
        group_by: name of a recording attribute; recordings that share its value stay together ("performer").

    Raises:
        UsageError: fewer than two recordings (or groups), a share outside ]0, 1[, or an attribute that none has.
    """
    if not 0 < val_share < 1:
        raise UsageError(f"the share of recordings to hold out must be between 0 and 1, not {val_share}")
    held_out = _folds(dataset, [1 - val_share, val_share], seed, group_by)
    return _split(dataset, held_out == 1)


def kfold(dataset: Dataset, *, k: int = 5, seed: int = 0, group_by: str | None = None) -> list[Split]:
    """`k` seeded splits; every recording is held out in exactly one of them.

    Raises:
        UsageError: fewer than `k` recordings (or groups), `k` < 2, or an attribute that none has.
    """
    if k < 2:
        raise UsageError(f"at least 2 folds are needed, not {k}")
    fold = _folds(dataset, [1 / k] * k, seed, group_by)
    return [_split(dataset, fold == i) for i in range(k)]


def read_split(path: Path, dataset: Dataset) -> Split:
    """A split file, checked against the data set; recordings it does not name are on neither side, with a note.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: not `{"train": [ids], "val": [ids]}`, a recording on both sides, or one the data set lacks.
    """
    document = json.read(path)
    document.refuse_double_keys()
    value = document.value
    if not isinstance(value, dict) or set(value) != {"train", "val"}:
        raise InputInvalid('expected {"train": [ids], "val": [ids]}', where=path)
    for side, ids in value.items():
        if not isinstance(ids, list) or not all(isinstance(name, str) for name in ids):
            raise InputInvalid(f"{side!r} is not a list of recording ids", where=path)
    known = [recording.recording_id for recording in dataset.recordings]
    unknown = [name for side in ("train", "val") for name in value[side] if name not in set(known)]
    if unknown:
        raise InputInvalid(
            f"{listed(unknown, 'recording')} not in data set {dataset.name!r}{nearest(unknown[0], known)}", where=path
        )
    try:
        split = Split(train=tuple(value["train"]), val=tuple(value["val"]))
    except InputInvalid as error:
        raise InputInvalid(error.message, where=path, remedy="name every recording once") from error
    left_out = [name for name in known if name not in {*split.train, *split.val}]
    if left_out:
        log.info("%s: %s in neither train nor val", path, listed(left_out, "recording"))
    return split


def write_split(split: Split, path: Path) -> None:
    """Write a split file, whole or not at all."""
    content = {"train": list(split.train), "val": list(split.val)}
    write_bytes(path, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def group_keys(recordings: Sequence[Recording], group_by: str | None) -> list[str]:
    """What must stay together: one key per recording; recordings without the attribute are groups by themselves.

    Raises:
        UsageError: no recording has the attribute.
    """
    if group_by is None:
        return [recording.recording_id for recording in recordings]
    known = {name for recording in recordings for name in recording.attributes}
    if group_by not in known:
        raise UsageError(
            f"no recording has the attribute {group_by!r}{nearest(group_by, known)}",
            remedy=f"index.json has: {', '.join(sorted(known)) or 'no further attributes'}",
        )
    return [
        f"={recording.attributes[group_by]!r}" if group_by in recording.attributes else recording.recording_id
        for recording in recordings
    ]


def _split(dataset: Dataset, held_out: Bools) -> Split:
    sides: tuple[list[str], list[str]] = ([], [])
    for recording, out in zip(dataset.recordings, held_out, strict=True):
        sides[int(out)].append(recording.recording_id)
    return Split(train=tuple(sides[0]), val=tuple(sides[1]))


def _folds(dataset: Dataset, shares: Sequence[float], seed: int, group_by: str | None) -> Ints:
    """Fold (R,) of every recording."""
    recordings = dataset.recordings
    keys = group_keys(recordings, group_by)
    names = list(dict.fromkeys(keys))
    if len(names) < len(shares):
        raise UsageError(
            f"{len(names)} {'groups' if group_by else 'recordings'} cannot be split {len(shares)} ways",
            remedy="use more recordings, or train without validation (--split none)",
        )
    member = np.array([names.index(key) for key in keys])
    counts_GL = np.zeros((len(names), 1 + len(dataset.actions) + len(dataset.scenes)))
    np.add.at(counts_GL, member, _label_counts(dataset))
    fold_G = _assign(counts_GL, np.asarray(shares), np.random.default_rng(seed))
    fold_R: Ints = fold_G[member]
    return fold_R


def _label_counts(dataset: Dataset) -> Floats:
    """(R, 1 + A + S): a one for the recording itself, then which actions and which scene it has."""
    actions = {name: i for i, name in enumerate(dataset.actions, start=1)}
    scenes = {name: i for i, name in enumerate(dataset.scenes, start=1 + len(actions))}
    counts = np.zeros((len(dataset.recordings), 1 + len(actions) + len(scenes)))
    counts[:, 0] = 1
    for row, recording in zip(counts, dataset.recordings, strict=True):
        if recording.segments is not None:
            row[[actions[label] for label in set(recording.segments["label"]) if label in actions]] = 1
        if recording.scene in scenes:
            row[scenes[recording.scene]] = 1
    return counts


def _assign(counts_GL: Floats, shares: Floats, rng: np.random.Generator) -> Ints:
    """Fold (G,) of every group.

    Legend: G groups, L labels (0 = number of recordings), F folds.
    """
    total_L = counts_GL.sum(axis=0)
    weight_L = np.divide(1.0, total_L, out=np.zeros_like(total_L), where=total_L > 0)
    target_FL = shares[:, None] * total_L
    missing_FL = target_FL.copy()
    # Whole recordings per fold, by largest remainder and never none: the size of the parts is not traded for balance.
    room_F = np.maximum(1, np.floor(missing_FL[:, 0] + 1e-9))
    while room_F.sum() < total_L[0]:
        room_F[np.argmax(missing_FL[:, 0] - room_F)] += 1
    while room_F.sum() > total_L[0]:
        room_F[np.argmax(room_F)] -= 1
    fold_G = np.full(len(counts_GL), -1)
    order = rng.permutation(len(counts_GL))
    # Rarest label first, then the larger groups: what is hardest to place is placed while there is most choice.
    rarity_G = np.where(counts_GL > 0, weight_L, 0).max(axis=1)
    order = order[np.lexsort((-counts_GL[order, 0], -rarity_G[order]))]
    for done, group in enumerate(order):
        # Which part of its own target each fold still lacks, the rarer the label the more it counts.
        lacking_FL = missing_FL / np.maximum(target_FL, 1e-12)
        need_F = (lacking_FL * (counts_GL[group] > 0) * weight_L).sum(axis=1)
        fits_F = room_F >= counts_GL[group, 0]
        empty_F = np.array([not (fold_G == fold).any() for fold in range(len(shares))])
        if len(order) - done <= empty_F.sum():
            candidates = empty_F  # as many groups left as folds without one
        elif fits_F.any():
            candidates = fits_F
        else:
            candidates = room_F == room_F.max()
        fold = int(np.where(candidates, need_F, -np.inf).argmax())
        fold_G[group] = fold
        missing_FL[fold] -= counts_GL[group]
        room_F[fold] -= counts_GL[group, 0]
    return fold_G
