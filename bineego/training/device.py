"""Where a run computes, through Lightning Fabric: devices, arithmetic, several processes in turn."""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any, Literal, ParamSpec, TypeVar

import torch
import torch.distributed
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from bineego.errors import BineegoError, ResourceExhausted, UsageError
from bineego.training.options import RunOptions
from bineego.training.repeatable import repeatable
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import Precision
from bineego.tsm.device import choose_device
from bineego.tsm.precision import training_precision
from bineego.version import __version__

PATIENCE = datetime.timedelta(days=1)
"""How long processes wait for the first one, which may be building the frame cache."""

LOST = ("gloo", "nccl", "by peer", "broken pipe", "socket")
"""Words in errors about connections between processes; most have no class of their own."""

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


def one_device(options: RunOptions) -> torch.device:
    """The device of a run that takes one process, and one device.

    Raises:
        UsageError: there are several.
    """
    if options.devices * options.nodes > 1 or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError(
            "the temporal head trains in a single process, within minutes",
            where="--devices",
            remedy="leave out --devices, --nodes and torchrun, or train the report's network with --head interval",
        )
    device = choose_device(options.device)
    if device.type == "cpu":
        keep_memory()
    return device


def build_fabric(options: RunOptions, precision: Precision) -> Fabric:
    """The devices of this run. Under torchrun their number is torchrun's.

    Raises:
        UsageError: more devices than there are.
    """
    device = choose_device(options.device)
    devices, nodes = options.devices, options.nodes
    if "TORCHELASTIC_RUN_ID" in os.environ:
        local = int(os.environ["LOCAL_WORLD_SIZE"])
        devices, nodes = local, int(os.environ["WORLD_SIZE"]) // local
    if device.type == "cuda" and devices > torch.cuda.device_count():
        raise UsageError(f"--devices {devices}: this machine has {torch.cuda.device_count()} GPUs")
    if device.type == "mps" and devices > 1:
        raise UsageError(f"--devices {devices}: mps has one device")
    formats: dict[Precision, Literal["bf16-mixed", "32-true"]] = {
        Precision.BF16: "bf16-mixed",
        Precision.FP32: "32-true",
    }
    # Every rank starts with rank 0's weights and leaves out no parameter: nothing to look for in each step.
    strategy: Any = DDPStrategy(gradient_as_bucket_view=True, timeout=PATIENCE) if devices * nodes > 1 else "auto"
    # Fabric's own notes about seeds and devices are for its users, not for ours.
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    return Fabric(
        accelerator=device.type,
        devices=devices,
        num_nodes=nodes,
        strategy=strategy,
        precision=formats[training_precision(precision, device)],
    )


@contextlib.contextmanager
def launched(options: RunOptions, precision: Precision) -> Iterator[Fabric]:
    """All processes of a run, up, computing repeatably; further ones only speak of errors. Their group is taken down at
    the end, however that comes: left to the interpreter's exit, it is torn down while its threads still run, and that
    can abort the process.

    Raises:
        ResourceExhausted: in the first process: another one has ended while this one waited for it.
    """
    with repeatable():
        fabric = build_fabric(options, precision)
        if fabric.device.type == "cpu":
            keep_memory()
        with _told_of_lost_ones(fabric):
            fabric.launch()
            if not fabric.is_global_zero:
                logging.getLogger("bineego").setLevel(logging.ERROR)
            try:
                yield fabric
            finally:
                if fabric.world_size > 1 and torch.distributed.is_initialized():
                    torch.distributed.destroy_process_group()


@contextlib.contextmanager
def _told_of_lost_ones(fabric: Fabric) -> Iterator[None]:
    """What waiting for a process that has ended (a signal, a full memory) raises; only the first process says so."""
    try:
        yield
    except RuntimeError as error:
        if fabric.world_size == 1 or not is_of_lost_process(error):
            raise
        if not fabric.is_global_zero:
            raise SystemExit(1) from error
        raise ResourceExhausted(
            "another process of this training has ended while this one waited for it",
            remedy="it was stopped, or memory ran out; go on from the last saved state: --resume",
        ) from error


def is_of_lost_process(error: RuntimeError) -> bool:
    """Whether an error of PyTorch is that of a connection to a process that is gone."""
    text = str(error).casefold()
    return isinstance(error, torch.distributed.DistError) or any(word in text for word in LOST)


def on_first(fabric: Fabric, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Do something in the first process; all get the result, or end when it failed."""
    if fabric.world_size == 1:
        return work(*args, **more)
    result: tuple[bool, T | BineegoError | None] = (False, None)
    error: BineegoError | None = None
    if fabric.is_global_zero:
        try:
            result = (True, work(*args, **more))
        except BineegoError as caught:
            error, result = caught, (False, None)
    result = fabric.broadcast(result)
    if error is not None:
        raise error
    if not result[0]:
        raise SystemExit(1)  # the first process has said why
    return result[1]  # type: ignore[return-value]


def first_then_all(fabric: Fabric, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Do something in the first process (which says what is wrong), then in all others; each has its own result."""
    mine: list[T] = []
    on_first(fabric, _keep, mine, work, *args, **more)
    return mine[0] if mine else work(*args, **more)


def _keep(into: list[Any], work: Callable[..., Any], *args: Any, **more: Any) -> None:
    into.append(work(*args, **more))


def environment(device: torch.device, world: int, precision: Precision) -> dict[str, str | int]:
    """What the run computed on, for the model card."""
    from importlib.metadata import version

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "bineego": __version__,
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "device": name,
        "devices": world,
        "precision": precision.value,
        "threads": torch.get_num_threads(),
    }
