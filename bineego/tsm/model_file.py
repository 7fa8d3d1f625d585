"""A model as one file: safetensors with the model card in its header. Reading one never runs code from it."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from bineego.errors import ModelError, ResourceExhausted
from bineego.files import atomic_stream, write_bytes
from bineego.tsm.card import ModelCard
from bineego.tsm.card_file import (
    DIGEST_KEY,
    FOREIGN,
    OTHER_MODEL,
    card_of,
    card_to_json,
    check_digest,
    find_model_file,
    header_of,
)
from bineego.tsm.config import NetworkConfig, TemporalConfig
from bineego.tsm.network import TSM
from bineego.tsm.temporal_network import TemporalNetwork

NOT_IN_NUMPY = frozenset({torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2})

CARD_SUFFIX = ".card.json"
"""Of the copy of the card beside the weights, for people and other programs; bineego itself reads the header."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A network and all that must be known to use it.

    Attributes:
        network: with its weights.
        card: see `ModelCard`.
        digest: the checksum in the header of its file; None = it has not come from one, or from an old one.
    """

    network: TSM | TemporalNetwork
    card: ModelCard
    digest: str | None = None

    @property
    def clip_network(self) -> TSM:
        """The network, which answers clip by clip.

        Raises:
            TypeError: the model is a temporal one.
        """
        if not isinstance(self.network, TSM):
            raise TypeError(f"model {self.card.name!r} does not work on clips")
        return self.network


def save_model(path: Path, network: TSM | TemporalNetwork, card: ModelCard) -> None:
    """Write weights and card to `path`, whole or not at all, then a copy of the card beside it (`model.card.json`).

    Raises:
        ValueError: the card describes another network.
        UsageError, ResourceExhausted: `path` cannot be written.
    """
    if card.network != network.config:
        raise ValueError(f"the card is of {card.network}, the network is {network.config}")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    header = header_of(card, arrays_of(tensors))
    with atomic_stream(path) as stream:
        stream.write(_in_order(save(tensors, header), header))
    write_bytes(path.with_suffix(CARD_SUFFIX), f"{card_to_json(card, indent=True)}\n".encode())


def _in_order(content: bytes, texts: Mapping[str, str]) -> bytes:
    """A safetensors file with the texts of its header in order: the library gives them another one in each process,
    and equal models are equal files."""
    start = struct.calcsize("<Q")
    end = start + struct.unpack_from("<Q", content)[0]
    tensors = {name: told for name, told in json.loads(content[start:end]).items() if name != "__metadata__"}
    header = json.dumps({"__metadata__": dict(texts), **tensors}, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % start)  # the numbers begin at a multiple of eight
    return struct.pack("<Q", len(header)) + header + content[end:]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A safetensors file, open.

    Raises:
        SafetensorError: it is none, or damaged.
        ResourceExhausted: the disk fails, or memory runs out; torch, which maps the file, says so with a RuntimeError.
    """
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except RuntimeError as error:
        raise ResourceExhausted(
            f"cannot be read ({error})", where=path, remedy="check the disk, and how much memory is free"
        ) from error


def load_model(path: Path | str, device: torch.device | str = "cpu") -> Model:
    """Read a model from its file or its run's folder; the network is in evaluation mode.

    Raises:
        ModelError: no such file, not a safetensors file, no card, an unknown format version, or weights that are
            not those the card describes or not those that were written (a checksum tells).
        ResourceExhausted: the disk fails, or memory runs out.
    """
    path = find_model_file(Path(path))
    try:
        with opened(path) as file:
            metadata = file.metadata() or {}
            card = card_of(metadata, path)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dictionary
    except SafetensorError as error:
        raise ModelError(
            f"not a safetensors file, or a damaged one ({error})", where=path, remedy=f"{OTHER_MODEL}; {FOREIGN}"
        ) from error
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror or error})", where=path, remedy=OTHER_MODEL) from error
    check_digest(metadata, arrays_of(tensors), path)
    # Built without memory and random numbers: every tensor comes from the file.
    with torch.device("meta"):
        network = _built(card.network)
    _check(tensors, network.state_dict(), path)
    network.load_state_dict(tensors, assign=True)
    return Model(network=network.to(device).eval(), card=card, digest=metadata.get(DIGEST_KEY))


def fingerprint(model: Model) -> str:
    """What tells a model from all others: the checksum of its card and weights."""
    if model.digest is not None:
        return model.digest
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.network.state_dict().items()}
    return header_of(model.card, arrays_of(tensors))[DIGEST_KEY]


def _built(config: NetworkConfig | TemporalConfig) -> TSM | TemporalNetwork:
    return TemporalNetwork(config) if isinstance(config, TemporalConfig) else TSM(config)


def arrays_of(tensors: dict[str, Tensor]) -> dict[str, NDArray[Any]]:
    """Tensors as NumPy sees them; the bytes of those whose type it does not know."""
    return {
        name: tensor.reshape(-1).view(torch.uint8).numpy() if tensor.dtype in NOT_IN_NUMPY else tensor.numpy()
        for name, tensor in tensors.items()
    }


def _check(tensors: dict[str, Tensor], wanted: dict[str, Tensor], path: Path) -> None:
    """Refuse weights that are not exactly those wanted: names, shapes, types, finite numbers."""
    problems = [f"{name} is missing" for name in wanted if name not in tensors]
    problems += [f"{name} belongs to no layer" for name in tensors if name not in wanted]
    for name, tensor in tensors.items():
        if name not in wanted:
            continue
        if tensor.shape != wanted[name].shape or tensor.dtype != wanted[name].dtype:
            problems.append(
                f"{name} is {_shape(tensor)}, expected {_shape(wanted[name])}",
            )
        elif tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            problems.append(f"{name} holds numbers that are not finite")
    if problems:
        more = f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else ""
        raise ModelError(f"the weights do not fit the model card: {problems[0]}{more}", where=path, remedy=OTHER_MODEL)


def _shape(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
