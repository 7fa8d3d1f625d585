"""What a head under training says of examples, as score tracks; and the labels to hold them against."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch

from bineego import segments
from bineego.formats.annotations import Annotations
from bineego.heads.temporal import HeadEnsemble
from bineego.heads.track import to_track
from bineego.inference.temporal import with_card
from bineego.labels import LabelSet
from bineego.tracks import ScoreTrack
from bineego.training.samples import LabelledVideo
from bineego.training.temporal.examples import Example
from bineego.training.temporal.folds import Folds
from bineego.tsm.card import ModelCard


def answer(head: HeadEnsemble, example: Example, card: ModelCard, members: Sequence[int] | None = None) -> ScoreTrack:
    """The score track of an example, by all members or some."""
    device = next(head.parameters()).device
    with torch.inference_mode():
        scores = head(torch.from_numpy(example.features).to(device), members)
    track = to_track(scores, example.edges, card.labels, video_id=example.video_id, t=card.interval)
    return with_card(track, card)


def unseen(head: HeadEnsemble, folds: Folds, card: ModelCard) -> list[ScoreTrack]:
    """What the members say of the examples that they were not trained on; each is a separate video."""
    found = []
    for number, (example, fold) in enumerate(zip(folds.examples, folds.of.tolist(), strict=True)):
        if fold >= 0 and example.annotated:
            track = answer(head, example, card, [fold])
            found.append(dataclasses.replace(track, video_id=name_of(number)))
    return found


def unseen_lines(folds: Folds, lines: Sequence[LabelledVideo]) -> list[LabelledVideo]:
    """The labels of the tracks of `unseen`, in their order."""
    by_id = {line.video_id: line for line in lines}
    return [
        dataclasses.replace(
            by_id[example.video_id],
            video_id=name_of(number),
            duration=example.duration,
            starts=example.starts,
            ends=example.ends,
            class_ids=example.class_ids,
        )
        for number, (example, fold) in enumerate(zip(folds.examples, folds.of.tolist(), strict=True))
        if fold >= 0 and example.annotated
    ]


def truth_of_lines(lines: Sequence[LabelledVideo], labels: LabelSet) -> Annotations:
    """Labels as `evaluate` takes them."""
    names = np.array(["", *labels.actions], dtype=object)
    tables = [
        segments.make([line.video_id] * len(line.starts), names[line.class_ids], line.starts, line.ends)
        for line in lines
    ]
    return Annotations(segments=segments.concat(tables, scored=False), videos=tuple(line.video_id for line in lines))


def name_of(number: int) -> str:
    """An example as a separate video."""
    return f"example {number}"
