"""What a network starts from: random weights, ImageNet's, or those of a file. Says what it took and what not."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from bineego.errors import ModelError, nearest
from bineego.labels import LabelSet
from bineego.tsm import imagenet
from bineego.tsm.card_file import find_model_file
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.network import TSM
from bineego.tsm.state_file import StateFile, is_head, read_state_file, trunk_names
from bineego.tsm.trunks import build_trunk

log = logging.getLogger(__name__)

KEYWORDS = ("auto", "imagenet", "random")

FIRST_CONV = ("conv1.weight", "features.0.0.weight", "conv_stem.0.weight")


@dataclass(frozen=True, kw_only=True)
class InitReport:
    """What became of the weights.

    Attributes:
        kind: "random", "imagenet" or "file".
        source: the file, or "random".
        loaded: names of our network's tensors that came from the file.
        skipped: tensors of the file that were not used, each with the reason.
        reshaped: tensors that were changed to fit, each with how.
        sha256: of the file; None for random weights.
        note: what a person should know, e.g. that ImageNet weights were out of reach.
    """

    kind: Literal["random", "imagenet", "file"]
    source: str = "random"
    loaded: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    reshaped: tuple[str, ...] = ()
    sha256: str | None = None
    note: str | None = None

    def summary(self) -> str:
        """One line for people."""
        if self.kind == "random":
            return f"random weights ({self.note})" if self.note else "random weights"
        parts = [f"{self.source}: {len(self.loaded)} tensors loaded"]
        for what, items in (("reshaped", self.reshaped), ("skipped", self.skipped)):
            if items:
                more = f" and {len(items) - 3} more" if len(items) > 3 else ""
                parts.append(f"{len(items)} {what} ({'; '.join(items[:3])}{more})")
        return ", ".join(parts)


def init_trunk(
    network: TSM,
    init: str | Path = "auto",
    *,
    labels: LabelSet | None = None,
    on_progress: Callable[[float, float], None] | None = None,
) -> InitReport:
    """Bring weights into the trunk of a new network; its heads stay new.

    Args:
        network: as built, with random weights.
        init: "random"; "imagenet"; "auto" (ImageNet's where they are cached or answer within 5 s, else random, with a
            warning); or a file: torchvision weights, an official TSM checkpoint, or a bineego model (file or run).
        labels: of the new network. A bineego model with the same actions also gives its action head, one with the same
            scenes its scene head.
        on_progress: of a download, in bytes.

    Raises:
        ModelError: weights out of reach, no such file, a file that cannot be used, or weights of another trunk.
    """
    trunk = network.config.trunk
    match init:
        case "random":
            return InitReport(kind="random")
        case "imagenet":
            return _load(network, imagenet.fetch(trunk, on_progress), "imagenet", labels)
        case "auto":
            return _auto(network, labels, on_progress)
    path = Path(init)
    if not path.exists():
        raise ModelError(
            f"no such file, and not one of {', '.join(KEYWORDS)}{nearest(str(init), KEYWORDS)}",
            where=f"--init {init}",
            remedy="use a weights file, or --init random",
        )
    return _load(network, find_model_file(path) if path.is_dir() else path, "file", labels)


def _auto(network: TSM, labels: LabelSet | None, on_progress: Callable[[float, float], None] | None) -> InitReport:
    trunk = network.config.trunk
    try:
        path = imagenet.fetch(trunk, on_progress)
    except ModelError as error:
        note = f"ImageNet weights of {trunk} are not available: {error.message}"
        log.warning(
            "STARTING FROM RANDOM WEIGHTS. %s\n  -> expect much lower scores on small data sets; %s",
            note,
            imagenet.how_to_provide(trunk),
        )
        return InitReport(kind="random", note=note)
    return _load(network, path, "imagenet", labels)


def _load(network: TSM, path: Path, kind: Literal["imagenet", "file"], labels: LabelSet | None) -> InitReport:
    state = read_state_file(path)
    wanted = network.trunk.state_dict()
    _check_trunk(state, wanted, network.config.trunk, path)
    found, skipped, reshaped = _match(state, wanted, path)
    network.trunk.load_state_dict(found, strict=False)
    heads = _load_heads(network, state, labels)
    skipped = [line for line in skipped if line.split(" ")[0] not in heads]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return InitReport(
        kind=kind,
        source=str(path),
        loaded=(*(f"trunk.{name}" for name in found), *heads),
        skipped=tuple(skipped),
        reshaped=tuple(reshaped),
        sha256=digest,
    )


def _match(
    state: StateFile, wanted: Mapping[str, Tensor], path: Path
) -> tuple[dict[str, Tensor], list[str], list[str]]:
    """The file's tensors by our trunk's names, made to fit; what was skipped and what changed, in words."""
    found: dict[str, Tensor] = {}
    skipped, reshaped = [], []
    for name, ours in trunk_names(state.tensors).items():
        tensor = state.tensors[name]
        if ours not in wanted:
            skipped.append(f"{name} ({'a head for other labels' if is_head(ours) else 'no such layer in this trunk'})")
            continue
        if ours in found:
            raise ModelError(f"two tensors for {ours}", where=path, remedy="use a file with one network")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"{name} holds numbers that are not finite", where=path, remedy="use other weights")
        if ours in FIRST_CONV and _other_input(tensor, wanted[ours]):
            # Flow and grey inputs: every colour gets the mean filter, scaled so that a grey picture gives the same sum.
            tensor = tensor.mean(1, keepdim=True).repeat(1, 3, 1, 1) * (tensor.shape[1] / 3)
            reshaped.append(f"{name} ({state.tensors[name].shape[1]} input channels to 3)")
        found[ours] = tensor
    return found, skipped, reshaped


def _other_input(tensor: Tensor, wanted: Tensor) -> bool:
    same_but_input = tensor.ndim == 4 and (tensor.shape[0], *tensor.shape[2:]) == (wanted.shape[0], *wanted.shape[2:])
    return same_but_input and tensor.shape[1] != wanted.shape[1]


def _check_trunk(state: StateFile, wanted: Mapping[str, Tensor], trunk: Trunk, path: Path) -> None:
    """Refuse weights of another trunk, and say of which."""
    theirs = {ours: state.tensors[name] for name, ours in trunk_names(state.tensors).items()}
    problem = _misfit(theirs, wanted)
    if problem is None:
        return
    fitting = next((other for other in Trunk if other is not trunk and _misfit(theirs, _shapes(other)) is None), None)
    raise ModelError(
        f"not weights of {trunk}: {problem}",
        where=path,
        remedy=f"these are weights of {fitting}: use --trunk {fitting}" if fitting else f"use weights of {trunk}",
    )


def _misfit(theirs: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str | None:
    """What keeps a file's tensors from filling a trunk. Old files lack the counters of batches, which nothing needs."""
    for name, tensor in wanted.items():
        if name not in theirs and not name.endswith("num_batches_tracked"):
            return f"{name} is missing"
        if name in theirs and theirs[name].shape != tensor.shape:
            if name in FIRST_CONV and _other_input(theirs[name], tensor):
                continue
            return f"{name} is {list(theirs[name].shape)}, expected {list(tensor.shape)}"
    # A deeper network of the same kind holds all that a shallower one needs (ResNet-101 and ResNet-50).
    stages = {re.sub(r"\..*", "", name) for name in wanted}
    blocks = {_block(name) for name in wanted}
    extra = [name for name in theirs if re.sub(r"\..*", "", name) in stages and _block(name) not in blocks]
    return f"{extra[0]} is unexpected" if extra else None


def _block(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _shapes(trunk: Trunk) -> Mapping[str, Tensor]:
    with torch.device("meta"):
        return build_trunk(NetworkConfig(trunk=trunk, n_classes=2)).state_dict()


def _load_heads(network: TSM, state: StateFile, labels: LabelSet | None) -> list[str]:
    """Heads of our own models for the same labels; the names of the tensors loaded."""
    if state.card is None or labels is None:
        return []
    theirs = state.card.labels
    heads = {
        "action_head": network.action_head if theirs.actions == labels.actions else None,
        "scene_head": network.scene_head if theirs.scenes == labels.scenes else None,
    }
    loaded = []
    for name, head in heads.items():
        tensors = {key: state.tensors.get(f"{name}.{key}") for key in ("weight", "bias")}
        if head is None or any(
            tensor is None or tensor.shape != getattr(head, key).shape for key, tensor in tensors.items()
        ):
            continue
        head.load_state_dict(tensors)
        loaded += [f"{name}.{key}" for key in tensors]
    return loaded
