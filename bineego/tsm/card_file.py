"""Model cards as JSON, and reading one from a weights file without loading the weights (and without torch).

A weights file is a safetensors file: 8 bytes of header length (little endian), a JSON header, the numbers. The header's
`__metadata__` carries three texts of ours: `bineego.format` (a version), `bineego.card` (the card as JSON) and
`bineego.sha256` (a checksum of both and of all weights).
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from bineego import decoding, digests
from bineego.errors import BineegoError, ModelError
from bineego.plain import plain
from bineego.priors import Priors
from bineego.runs import MODEL_NAME
from bineego.tsm.card import ModelCard

FORMAT = 2
UNCHECKED = 1
"""The format of version 0.1, which has no checksum."""

PREFIX = "bineego."
FORMAT_KEY = f"{PREFIX}format"
CARD_KEY = f"{PREFIX}card"
DIGEST_KEY = f"{PREFIX}{digests.KEY}"

log = logging.getLogger(__name__)

LABEL = re.compile("[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]{0,1000}")
"""One line, and nothing that steers a terminal."""

HEADER_LIMIT = 100_000_000  # bytes; that of safetensors itself

OTHER_MODEL = "use a model trained by bineego (RUN/model.safetensors)"
FOREIGN = "weights of other programs can only start a training: bineego train --init FILE"


def find_model_file(path: Path) -> Path:
    """The weights file that `path` means: itself, or `model.safetensors` in a run's folder.

    Raises:
        ModelError: there is none.
    """
    path = Path(path)
    found = path / MODEL_NAME if path.is_dir() else path
    if not found.is_file():
        what = f"no {MODEL_NAME} in this folder" if path.is_dir() else "no such model file"
        raise ModelError(what, where=path, remedy=OTHER_MODEL)
    return found


def read_card(path: Path) -> ModelCard:
    """The card of a weights file or of a run's folder.

    Raises:
        ModelError: no such file, not a safetensors file, no card in it, or a card that cannot be used.
    """
    path = find_model_file(path)
    return card_of(_metadata(path), path)


def card_of(metadata: Mapping[str, str], where: Path) -> ModelCard:
    """The card in a header's metadata; raises as `read_card`."""
    if CARD_KEY not in metadata:
        raise ModelError("this file has no bineego model card", where=where, remedy=FOREIGN)
    version = metadata.get(FORMAT_KEY)
    if version not in (str(FORMAT), str(UNCHECKED)):
        raise ModelError(
            f"model format {version!r} is not supported (supported: {UNCHECKED} and {FORMAT})",
            where=where,
            remedy="use the version of bineego that wrote it, or a newer one",
        )
    return card_from_json(metadata[CARD_KEY], where)


def header_of(card: ModelCard, arrays: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """The texts of ours in the header of a weights file: format, card, and the checksum of all that."""
    header = {FORMAT_KEY: str(FORMAT), CARD_KEY: card_to_json(card)}
    return header | {DIGEST_KEY: digests.of_arrays(header, arrays)}


def check_digest(metadata: Mapping[str, str], arrays: Mapping[str, NDArray[Any]], where: Path) -> None:
    """Compare the weights and the card with the checksum that was written with them.

    Raises:
        ModelError: a bit of the file has changed.
    """
    ours = {name: text for name, text in metadata.items() if name.startswith(PREFIX)}
    digest = ours.pop(DIGEST_KEY, None)
    if ours.get(FORMAT_KEY) == str(UNCHECKED) and digest is None:
        log.info("%s: written by an older bineego without a checksum: damage would go unnoticed", where)
    elif digest != digests.of_arrays(ours, arrays):
        raise ModelError(
            "damaged: its content does not match its checksum",
            where=where,
            remedy="copy the file again, or train again",
        )


def card_to_json(card: ModelCard, *, indent: bool = False) -> str:
    """The card as JSON text; not-a-number becomes null."""
    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(card_to_dict(card), option=options).decode()


def card_to_dict(card: ModelCard) -> dict[str, Any]:
    """The card as plain values."""
    values: dict[str, Any] = plain(dataclasses.asdict(card))
    return values


def card_from_json(text: str, where: Path | None = None) -> ModelCard:
    """Inverse of `card_to_json`.

    Raises:
        ModelError: it is not JSON, or a value is missing, unknown, of the wrong type or out of range.
    """
    try:
        values = _renamed(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise _bad_card(f"not JSON: {error}", where) from error
    except (TypeError, ValueError) as error:
        raise _bad_card(f"evidence: {error}", where) from error
    yes_or_no = _numbers_that_are_none(values)
    if yes_or_no:
        raise _bad_card(f"{yes_or_no}: must be a number, not true or false", where)
    try:
        if isinstance(values, dict) and values.get("priors") is not None:
            values["priors"] = _priors(values["priors"])
        card = _reader().validate_python(values)
        for kind in ("actions", "scenes"):
            for number, name in enumerate(getattr(card.labels, kind)):
                if not LABEL.fullmatch(name):
                    raise ValueError(f"labels.{kind}.{number}: must be one line of at most 1000 characters")
        return card
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise _bad_card(f"{name}: {first['msg']}" if name else first["msg"], where) from error
    except (BineegoError, ValueError) as error:
        raise _bad_card(str(error), where) from error


def _renamed(values: Any) -> Any:
    """The values of a card of version 0.1, which knew one number of decoding, in today's terms."""
    if not isinstance(values, dict) or "evidence" not in values:
        return values
    old = decoding.of_version_1(values["evidence"])
    rest = {name: value for name, value in values.items() if name != "evidence"}
    return {"decoding": None if old is None else old.to_dict()} | rest


def _numbers_that_are_none(values: Any) -> str:
    """The name of a number given as true or false, which would be read as 1 or 0; empty if there is none."""
    parts = {"": values, "network": None, "frames": None}
    if isinstance(values, dict):
        parts |= {name: values.get(name) for name in ("network", "frames")}
    for part, found in parts.items():
        for name, value in found.items() if isinstance(found, dict) else ():
            if isinstance(value, bool) and name not in ("shift", "keep_aspect"):
                return f"{part}.{name}".strip(".")
    return ""


@functools.cache
def _reader() -> TypeAdapter[ModelCard]:
    """Reads a card's plain values, by the fields and ranges of `ModelCard`."""
    return TypeAdapter(ModelCard)


def _priors(values: Any) -> Priors:
    """Not-a-number (a class never seen) is null in JSON.

    Raises:
        ValueError: they are not priors.
    """
    try:
        dwell, share = (np.array(values.pop(name), np.float64) for name in ("dwell", "share"))
        scene_share = np.array(values.pop("scene_share"), np.float64).reshape(-1, len(dwell))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"priors: {error}") from error
    if values:
        raise ValueError(f"priors: unknown {', '.join(values)}")
    return Priors(dwell=dwell, share=share, scene_share=scene_share)


def _bad_card(what: str, where: Path | None) -> ModelError:
    return ModelError(f"its model card cannot be used: {what}", where=where, remedy=OTHER_MODEL)


def _metadata(path: Path) -> dict[str, str]:
    not_ours = ModelError("not a safetensors file", where=path, remedy=f"{OTHER_MODEL}; {FOREIGN}")
    try:
        with path.open("rb") as file:
            n_bytes = int.from_bytes(file.read(8), "little")
            if not 2 <= n_bytes <= min(HEADER_LIMIT, path.stat().st_size):
                raise not_ours
            header = orjson.loads(file.read(n_bytes))
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror or error})", where=path, remedy=OTHER_MODEL) from error
    except orjson.JSONDecodeError as error:
        raise not_ours from error
    if not isinstance(header, dict):
        raise not_ours
    metadata = header.get("__metadata__", {})
    return metadata if isinstance(metadata, dict) else {}
