"""Weights of other programs: read without running code from the file, named as our trunks name them.

Known sources: torchvision's state dicts; EfficientNet-Lite of `efficientnet-lite-pytorch`; checkpoints of the official
TSM code (names such as `module.base_model.layer1.0.conv1.net.weight`; its own layout of MobileNetV2; its non-local
variants); safetensors of either naming; our own model files.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from torch import Tensor

from bineego.errors import ModelError
from bineego.tsm.card import ModelCard
from bineego.tsm.card_file import PREFIX, card_of, check_digest
from bineego.tsm.model_file import arrays_of, opened

HOLDERS = ("state_dict", "model", "model_state_dict", "model_state", "net")
"""Where training programs put the weights in a checkpoint that also holds the optimiser and the like."""

WRAPPERS = ("module.", "_orig_mod.", "base_model.", "trunk.")
"""Prefixes that data parallelism, compilation, the official TSM and we put before the trunk's names."""

HEADS = ("fc.", "_fc.", "new_fc.", "classifier.", "action_head.", "scene_head.")

WANTED = "give torchvision weights, an official TSM checkpoint, or a bineego model"


class StateFile(NamedTuple):
    """Tensors by the names of the file; the card if it is a model of ours."""

    tensors: dict[str, Tensor]
    card: ModelCard | None


def read_state_file(path: Path) -> StateFile:
    """The weights in a `.pth`, `.pth.tar`, `.pt` or `.safetensors` file; told apart by content.

    Raises:
        ModelError: it cannot be read, holds no weights, or wants code to be run.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror or error})", where=path, remedy=WANTED) from error
    if start[8:9] == b"{":  # safetensors: 8 bytes of length, then JSON
        return _read_safetensors(path)
    return StateFile(_tensors(_load_pickle(path), path), None)


def _read_safetensors(path: Path) -> StateFile:
    try:
        with opened(path) as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dictionary
    except SafetensorError as error:
        raise ModelError(f"a damaged safetensors file ({error})", where=path, remedy=WANTED) from error
    if not any(name.startswith(PREFIX) for name in metadata):
        return StateFile(tensors, None)
    card = card_of(metadata, path)
    check_digest(metadata, arrays_of(tensors), path)
    return StateFile(tensors, card)


def _load_pickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL (\S+)", str(error))
        if code is None:
            raise ModelError("not a weights file", where=path, remedy=WANTED) from error
        raise ModelError(
            f"would run code ({code[1]}), so it is refused",
            where=path,
            remedy="if you trust the file, keep only its weights: "
            "torch.save(torch.load(FILE, weights_only=False)['state_dict'], NEW_FILE)",
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        # What a damaged or foreign file makes of the reader depends on where the damage is.
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"not a weights file, or a damaged one ({what})", where=path, remedy=WANTED) from error


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    if isinstance(content, Mapping):
        for holder in HOLDERS:
            if isinstance(content.get(holder), Mapping):
                content = content[holder]
                break
        tensors = {name: item for name, item in content.items() if isinstance(name, str) and isinstance(item, Tensor)}
        if tensors:
            return tensors
    raise ModelError("contains no named weights", where=path, remedy=WANTED)


def trunk_names(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """torchvision's name for every tensor of a file; heads and parts that no trunk has keep their names."""
    names = {name: _unwrapped(name) for name in tensors}
    # The official MobileNetV2 lists a block's layers in a row, torchvision groups each convolution with its norm.
    in_a_row = {
        found[1] for name in names.values() if (found := re.fullmatch(r"(features\.\d+)\.conv\.0\.weight", name))
    }
    expanding = {name.split(".conv.")[0] for name in names.values() if ".conv.6." in name}
    return {name: _lite(_grouped(new, in_a_row, expanding)) for name, new in names.items()}


def is_head(name: str) -> bool:
    """Whether a trunk name is that of a classifier."""
    return name.startswith(HEADS)


def _unwrapped(name: str) -> str:
    while wrapper := next((prefix for prefix in WRAPPERS if name.startswith(prefix)), None):
        name = name.removeprefix(wrapper)
    # The official shift wraps a convolution as `net`, its non-local wrapper a block as `block`.
    return re.sub(r"\.(?:net|block)\.", ".", name)


_ROW_TO_GROUP = {"0": "0.0", "1": "0.1", "3": "1.0", "4": "1.1", "6": "2", "7": "3"}
_ROW_TO_GROUP_PLAIN = {"0": "0.0", "1": "0.1", "3": "1", "4": "2"}  # blocks that do not expand


def _grouped(name: str, in_a_row: set[str], expanding: set[str]) -> str:
    found = re.fullmatch(r"(features\.\d+)\.conv\.(\d)\.(\w+)", name)
    if found is None or found[1] not in in_a_row:
        return name
    table = _ROW_TO_GROUP if found[1] in expanding else _ROW_TO_GROUP_PLAIN
    return f"{found[1]}.conv.{table.get(found[2], found[2])}.{found[3]}"


_LITE_LAYERS = {
    "_conv_stem": "conv_stem.0", "_bn0": "conv_stem.1", "_conv_head": "conv_last.0", "_bn1": "conv_last.1"
}  # fmt: skip
_LITE_BLOCK_LAYERS = {
    "_expand_conv": "expand.0", "_bn0": "expand.1", "_depthwise_conv": "depthwise.0", "_bn1": "depthwise.1",
    "_project_conv": "project.0", "_bn2": "project.1",
}  # fmt: skip


def _lite(name: str) -> str:
    """Our name for a tensor of EfficientNet-Lite as its published PyTorch code names it; others stay."""
    found = re.fullmatch(r"(?:_blocks\.(\d+)\.)?(_\w+)\.(\w+)", name)
    if found is None:
        return name
    block, layer, tensor = found.groups()
    ours = (_LITE_LAYERS if block is None else _LITE_BLOCK_LAYERS).get(layer)
    if ours is None:
        return name
    return f"{ours}.{tensor}" if block is None else f"blocks.{block}.{ours}.{tensor}"
