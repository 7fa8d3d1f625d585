"""The fusing rules written from their text, slow and obviously right; nothing here looks at the code under test."""

from __future__ import annotations

Row = tuple[str, str, float, float, float]


def tiou(a: tuple[float, float], b: tuple[float, float]) -> float:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    if shared <= 0:
        return 0.0
    return shared / ((a[1] - a[0]) + (b[1] - b[0]) - shared)


def averaged(models: list[list[Row]], weights: list[float], missing: str) -> list[Row]:
    """Exact keys: sum w_i c_i / sum w_i for each (video, label, round(1000 start), round(1000 end))."""
    kept = [(rows, weight) for rows, weight in zip(models, weights, strict=True) if weight > 0]
    times: dict[tuple[str, str, int, int], tuple[float, float]] = {}
    scores: dict[tuple[str, str, int, int], dict[int, float]] = {}
    for model, (rows, _) in enumerate(kept):
        for video, label, start, end, score in rows:
            if end <= start:
                continue
            key = (video, label, round(1000 * start), round(1000 * end))
            times.setdefault(key, (start, end))
            mine = scores.setdefault(key, {})
            mine[model] = max(mine.get(model, score), score)
    out = []
    for key, by_model in scores.items():
        above = sum(kept[model][1] * score for model, score in by_model.items())
        models_below = by_model if missing == "present" else range(len(kept))
        below = sum(kept[model][1] for model in models_below)
        out.append((key[0], key[1], *times[key], above / below))
    return out


def merged(rows: list[Row], iou: float) -> list[Row]:
    """The first pair above the threshold becomes its union, until there is none."""
    out: list[Row] = []
    for video, label in sorted({(row[0], row[1]) for row in rows}):
        some = [row[2:] for row in rows if row[:2] == (video, label)]
        while True:
            some.sort(key=lambda one: (-round(one[2], 12), one[0], one[1]))
            pairs = ((i, j) for i in range(len(some)) for j in range(i + 1, len(some)))
            pair = next(((i, j) for i, j in pairs if tiou(some[i][:2], some[j][:2]) > iou), None)
            if pair is None:
                break
            a, b = some[pair[0]], some[pair[1]]
            some = [one for k, one in enumerate(some) if k not in pair]
            some.append((min(a[0], b[0]), max(a[1], b[1]), max(a[2], b[2])))
        out += [(video, label, *one) for one in some]
    return out


def paper(models: list[list[Row]], weights: list[float], iou: float, missing: str) -> list[Row]:
    return sorted(merged(averaged(models, weights, missing), iou))


def average(models: list[list[Row]], weights: list[float], iou: float, missing: str) -> list[Row]:
    """Clusters around the best candidate; one vote per model; weighted-mean boundaries."""
    largest = max(weights)
    kept = [(rows, weight / largest) for rows, weight in zip(models, weights, strict=True) if weight > 0]
    all_weights = sum(weight for _, weight in kept)
    pairs = sorted({row[:2] for rows, _ in kept for row in rows})
    out: list[Row] = []
    for video, label in pairs:
        left = [
            (-round(row[4] * weight, 12), row[2], row[3], model, row[4], weight)
            for model, (rows, weight) in enumerate(kept)
            for row in rows
            if row[:2] == (video, label) and row[3] > row[2]
        ]
        left.sort()
        while left:
            seed = left[0]
            cluster = [one for k, one in enumerate(left) if k == 0 or tiou(seed[1:3], one[1:3]) > iou]
            left = [one for one in left if one not in cluster]
            votes: dict[int, tuple[float, ...]] = {}
            for one in cluster:  # in order: the first of each model is its best
                votes.setdefault(int(one[3]), one)
            below = sum(one[5] for one in votes.values()) if missing == "present" else all_weights
            score = sum(one[5] * one[4] for one in votes.values()) / below
            pull = {model: one[5] * max(one[4], 0.0) for model, one in votes.items()}
            if sum(pull.values()) <= 0:
                pull = {model: one[5] for model, one in votes.items()}
            whole = sum(pull.values())
            start = sum(pull[model] * one[1] for model, one in votes.items()) / whole
            end = sum(pull[model] * one[2] for model, one in votes.items()) / whole
            out.append((video, label, start, end, score))
    return sorted(out)
