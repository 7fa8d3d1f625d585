"""A trained network made ready for inference: uint8 frames in, float32 logits out, as fast as the device allows.

Batch normalisation folded into the convolutions, channels side by side in memory (channels_last), the shift written
into one buffer, convolution + activation + skip connection as one operator where the processor has it, all kernels of a
full batch as one launch on a GPU, bfloat16 where the device computes it fast. Features, heads and consensus stay in
float32.
Source: docs/facts.md, "TSM forward on the CPU"; docs/performance.md has the measurements.

Shape suffixes: N clips, T frames of a clip, B = N * T, C channels, H height, W width, F features.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor, nn
from torch.nn import functional

from bineego.errors import UsageError
from bineego.tsm.config import Precision
from bineego.tsm.cuda_graph import CudaGraph
from bineego.tsm.folded_trunk import FoldedTrunk
from bineego.tsm.fused_conv import onednn_works
from bineego.tsm.model_file import Model
from bineego.tsm.network import TSM, ClipLogits
from bineego.tsm.precision import fast_precision, safe_precision

log = logging.getLogger(__name__)

CPU_PIXELS = 8 * 256 * 256
"""Pixels that go through a CPU at once. More only leave the caches and cost memory."""


class InferenceNetwork:
    """Call it with frames; it has no gradient and no state, and several threads may share it.

    Attributes:
        device: where it computes.
        precision: FP32 or BF16, never AUTO.
        fused: whether oneDNN's fused operators are used.
        trunk: the part before the heads.
    """

    def __init__(self, network: TSM, *, precision: Precision, device: torch.device, fused: bool) -> None:
        self.device, self.precision, self.fused = device, precision, fused
        dtype = torch.bfloat16 if precision is Precision.BF16 else torch.float32
        self.trunk = FoldedTrunk(network.trunk, dtype=dtype, device=device, fused=fused)
        self._action_head = self._head(network.action_head)
        self._scene_head = self._head(network.scene_head)
        on_gpu = device.type == "cuda"
        self._graph = CudaGraph(device) if on_gpu else None
        self._uploads = torch.cuda.Stream(device) if on_gpu else None  # type: ignore[no-untyped-call]

    @torch.inference_mode()
    def __call__(self, frames_NTHWC: Tensor) -> ClipLogits:
        """Logits of clips, float32, on the network's device; a GPU may still be at work on them.

        Args:
            frames_NTHWC: uint8 RGB; a CPU tensor is brought to the device, beside other work if it is pinned.
        """
        # Heads are linear: the mean of the logits is the logit of the mean, at 1 / T of the work.
        if self._graph is not None:
            features_NF = self._graph(self._features, self._upload(frames_NTHWC))
        else:
            at_once = len(frames_NTHWC)
            if self.device.type == "cpu":
                at_once = max(1, CPU_PIXELS // (frames_NTHWC[0].numel() // 3))
            features_NF = torch.cat([self._features(part) for part in frames_NTHWC.split(at_once)])  # type: ignore[no-untyped-call]
        return ClipLogits(
            None if self._action_head is None else functional.linear(features_NF, *self._action_head),
            None if self._scene_head is None else functional.linear(features_NF, *self._scene_head),
        )

    def _upload(self, frames_NTHWC: Tensor) -> Tensor:
        """The frames on the GPU, brought there while it works on the batch before."""
        if self._uploads is None or frames_NTHWC.device.type != "cpu":
            return frames_NTHWC.to(self.device)
        with torch.cuda.stream(self._uploads):
            uploaded = frames_NTHWC.to(self.device, non_blocking=True)
        current = torch.cuda.current_stream(self.device)
        current.wait_stream(self._uploads)
        uploaded.record_stream(current)
        return uploaded

    def _features(self, frames_NTHWC: Tensor) -> Tensor:
        n_frames = frames_NTHWC.shape[1]
        features_BF = self.trunk.features(frames_NTHWC)
        return features_BF.view(-1, n_frames, features_BF.shape[1]).mean(1)

    def _head(self, head: nn.Linear | None) -> tuple[Tensor, Tensor] | None:
        if head is None:
            return None
        return tuple(part.detach().to(self.device, torch.float32) for part in (head.weight, head.bias))  # type: ignore[return-value]


def compile_for_inference(
    model: Model, *, precision: Precision = Precision.AUTO, device: torch.device | str = "cpu"
) -> InferenceNetwork:
    """The network of `model`, ready to score clips on `device`. The model itself is left as it is.

    Args:
        precision: see `safe_precision`.

    Raises:
        UsageError: the device is not there.
    """
    precision = safe_precision(precision, torch.device(device), model.card)
    return compile_network(model.clip_network, precision=precision, device=device)


def compile_network(
    network: TSM, *, precision: Precision = Precision.AUTO, device: torch.device | str = "cpu"
) -> InferenceNetwork:
    """As `compile_for_inference`, for a network without a card: AUTO is what is fast."""
    where = torch.device(device)
    chosen = fast_precision(precision, where)
    dtype = torch.bfloat16 if chosen is Precision.BF16 else torch.float32
    try:
        return InferenceNetwork(
            network, precision=chosen, device=where, fused=where.type == "cpu" and onednn_works(dtype)
        )
    except (AssertionError, RuntimeError) as error:  # PyTorch raises either for a device that is not there
        if where.type == "cpu":
            raise
        raise UsageError(
            f"device {where} cannot be used ({str(error).splitlines()[0]})", remedy="use --device cpu"
        ) from error
