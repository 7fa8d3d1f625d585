"""`--weights` of `bineego ensemble`, in each of its forms."""

from __future__ import annotations

from pathlib import Path

from bineego.errors import UsageError

FORM = "bineego ensemble A.csv B.csv --weights 0.57,0.51 -o OUT.csv"


def sort_out(inputs: list[str], weights: list[str]) -> tuple[list[str], tuple[float, ...] | str | None]:
    """The inputs, and the weights: a positional that is a number and no existing file is one."""
    paths = [text for text in inputs if not _is_weight(text)]
    numbers = [text for text in inputs if _is_weight(text)]
    if len(weights) == 1 and Path(weights[0]).is_file():
        if numbers:
            raise UsageError("both a weights file and weights are given", where=weights[0], remedy=FORM)
        return paths, weights[0]
    texts = [part for text in weights for part in text.split(",")] + numbers
    if not texts:
        return paths, None
    bad = next((text for text in texts if not _is_number(text)), None)
    if bad is not None:
        raise UsageError(f"{bad!r} is no weight and no file", where="--weights", remedy=FORM)
    return paths, tuple(float(text) for text in texts)


def _is_weight(text: str) -> bool:
    return _is_number(text) and not Path(text).exists()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
