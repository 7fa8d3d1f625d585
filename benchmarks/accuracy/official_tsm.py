"""Our forward against the official TSM implementation on the same weights, all trunks: equal within 1e-5.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.accuracy.official_tsm --official-tsm /some/where

For every trunk the official network writes a checkpoint, `init_trunk` reads it (so the mapping of names is tested too),
and both see the same clips. tests/tsm/official_record.py records official logits, with which the tests repeat this.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from benchmarks.common import asked, parser, report
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.network import TSM
from bineego.tsm.weights import init_trunk

N_CLIPS, N_FRAMES, N_CLASSES = 2, 4, 5
TOLERANCE = 1e-5  # of the largest logit
OFFICIAL = [trunk for trunk in Trunk if trunk is not Trunk.EFFICIENTNET_LITE0]  # it is not among the official ones


def official_network(
    folder: Path, trunk: Trunk, n_frames: int, n_classes: int = N_CLASSES, *, training: bool = False
) -> nn.Module:
    """The official network, unchanged, with torchvision's random weights, in evaluation or training mode."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    name = {Trunk.MOBILENET_V2: "mobilenetv2"}.get(trunk, trunk.value)
    if "resnext" in name:
        # The official code takes any torchvision ResNet, but only under a name with "resnet" in it.
        setattr(torchvision.models, f"resnet_{name}", getattr(torchvision.models, name))
        name = f"resnet_{name}"
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses torchvision's old argument for weights
        from ops.models import TSN  # type: ignore[import-not-found]

        TSN.print_spec = False  # read there for MobileNetV2, never set
        network: nn.Module = TSN(
            n_classes, n_frames, "RGB", base_model=name, pretrain=None, is_shift=True, shift_div=8,
            shift_place="blockres", dropout=0.5, partial_bn=False,
        )  # fmt: skip
    network.train(training)  # returns nothing, so no chain of calls
    return network


def official_logits(network: nn.Module, clips_NTCHW: Tensor) -> Tensor:
    """(N, K) logits; the official network takes the frames of a clip side by side in the channels."""
    with torch.inference_mode():
        logits: Tensor = network(clips_NTCHW.flatten(1, 2))
    return logits


def compare(folder: Path, trunk: Trunk) -> float:
    """Largest difference of the logits, relative to the largest logit, on random weights and clips."""
    torch.manual_seed(0)
    official = official_network(folder, trunk, N_FRAMES)
    for module in official.modules():  # fresh statistics are 0 and 1: they would hide a mix-up
        if isinstance(module, nn.BatchNorm2d):
            state = module.state_dict()  # its own tensors, not copies
            for name in ("running_var", "weight"):
                state[name].uniform_(0.5, 1.0)
            for name in ("running_mean", "bias"):
                state[name].normal_(0, 0.1)
    ours = TSM(NetworkConfig(trunk=trunk, n_classes=N_CLASSES, n_frames=N_FRAMES)).eval()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "official.pth.tar"
        state = {f"module.{name}": tensor for name, tensor in official.state_dict().items()}
        torch.save({"epoch": 1, "arch": trunk.value, "state_dict": state, "best_prec1": 0.0}, path)
        init_trunk(ours, path)
    assert ours.action_head is not None
    ours.action_head.load_state_dict(official.get_submodule("new_fc").state_dict())
    clips = torch.randn(N_CLIPS, N_FRAMES, 3, 96, 96)
    wanted = official_logits(official, clips)
    with torch.inference_mode():
        got = ours(clips).actions
    return float((got - wanted).abs().max() / wanted.abs().max())


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--official-tsm", type=Path, help="folder of the official code")
    call = asked(made)
    if call.official_tsm is None:
        made.error("--official-tsm PATH: what is to be compared with?")
    differences = {trunk.value: compare(call.official_tsm, trunk) for trunk in OFFICIAL}
    report(call, {"trunk": "", "largest difference / largest logit": ".0e"}, [*differences.items()])
    if max(differences.values()) > TOLERANCE:
        raise SystemExit(f"DIFFERENT: above {TOLERANCE:.0e}")


if __name__ == "__main__":
    main()
