"""A real GPU: CUDA graphs against kernels launched one by one, and several batches at once.

Without a GPU these are skipped; with BINEEGO_EXPECT_CUDA=1 they fail instead.
"""

from __future__ import annotations

import os
import threading

import pytest
import torch
from torch import Tensor
from tsm.references import random_network

from bineego.inference.clips import score_clips
from bineego.tsm.config import Precision, Trunk
from bineego.tsm.inference_network import InferenceNetwork, compile_network

TOLERANCE = {Precision.FP32: 1e-2, Precision.BF16: 0.1}
"""Of the largest logit. GPUs convolve float32 in TF32 by default."""


@pytest.fixture(autouse=True, scope="module")
def cuda() -> None:
    if torch.cuda.is_available():
        return
    if os.environ.get("BINEEGO_EXPECT_CUDA") == "1":
        pytest.fail("BINEEGO_EXPECT_CUDA=1, and PyTorch finds no GPU")
    pytest.skip("no GPU")


def clips(n: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 8, 64, 64, 3), dtype=torch.uint8, generator=generator)


def ready(precision: Precision = Precision.FP32, trunk: Trunk = Trunk.RESNET50) -> InferenceNetwork:
    return compile_network(random_network(trunk, n_scenes=3), precision=precision, device="cuda")


def eager(network: InferenceNetwork) -> InferenceNetwork:
    """The same network without its graph."""
    assert network._graph is not None
    network._graph._works = False
    return network


def close(got: Tensor | None, wanted: Tensor | None, precision: Precision) -> bool:
    assert got is not None
    assert wanted is not None
    got, wanted = got.cpu(), wanted.cpu()
    return float((got - wanted).abs().max()) <= TOLERANCE[precision] * float(wanted.abs().max())


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
@pytest.mark.parametrize("trunk", [Trunk.RESNET50, Trunk.MOBILENET_V2, Trunk.RESNEXT101_32X8D])
def test_graph_equals_eager_and_the_cpu(trunk: Trunk, precision: Precision) -> None:
    network, plain = ready(precision, trunk), eager(ready(precision, trunk))
    on_cpu = compile_network(random_network(trunk, n_scenes=3), precision=Precision.FP32)
    for seed, n in enumerate((4, 4, 4, 3, 1, 4)):
        frames = clips(n, seed).pin_memory()
        got, wanted, reference = network(frames), plain(frames), on_cpu(frames)
        for ours, theirs, slow in zip(got, wanted, reference, strict=True):
            assert close(ours, theirs, precision)
            assert close(ours, slow, precision)
    assert network._graph is not None
    assert network._graph._recording is not None, "nothing was recorded"
    assert network._graph._recording.shape[0] == 4
    assert plain._graph is not None
    assert plain._graph._recording is None


def test_answers_of_batches_in_flight_are_their_own() -> None:
    network = ready()
    batches = [clips(4, seed).pin_memory() for seed in range(12)]
    wanted = [network(batch).actions.clone() for batch in batches]  # type: ignore[union-attr]
    torch.cuda.synchronize()
    answers = [network(batch).actions for batch in batches]  # nothing is waited for
    torch.cuda.synchronize()
    for got, right in zip(answers, wanted, strict=True):
        assert close(got, right, Precision.FP32)


def test_threads_with_streams_of_their_own_share_a_network() -> None:
    network = ready()
    batches = [clips(4, seed).pin_memory() for seed in range(16)]
    wanted = [network(batch).actions.cpu() for batch in batches]  # type: ignore[union-attr]
    got: dict[int, Tensor] = {}
    errors: list[BaseException] = []

    def work(numbers: range) -> None:
        try:
            with torch.cuda.stream(torch.cuda.Stream()):
                mine = {i: network(batches[i]).actions for i in numbers}
                torch.cuda.current_stream().synchronize()
                got.update({i: answer.cpu() for i, answer in mine.items() if answer is not None})
        except BaseException as error:  # raised again below, where it is seen
            errors.append(error)

    threads = [threading.Thread(target=work, args=(range(first, 16, 2),)) for first in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for i, right in enumerate(wanted):
        assert close(got[i], right, Precision.FP32), i


def test_scoring_through_pinned_batches_equals_the_cpu() -> None:
    pictures = clips(8).flatten(0, 1).numpy()
    frames_NT = torch.arange(56)[:, None].add(torch.arange(8)).numpy()
    network = ready()
    on_cpu = compile_network(random_network(Trunk.RESNET50, n_scenes=3), precision=Precision.FP32)
    results = []
    for each in (network, on_cpu):
        frames = ((i, picture, 0.0) for i, picture in enumerate(pictures))
        results.append(score_clips(each, frames, frames_NT, batch=8, background=True))
    assert results[0].actions is not None
    assert results[1].actions is not None
    got, wanted = (torch.from_numpy(result.actions) for result in results if result.actions is not None)
    assert close(got, wanted, Precision.FP32)


def test_memory_is_given_back_with_the_network() -> None:
    held = []
    for _ in range(4):
        network = ready()
        for _ in range(3):
            network(clips(4))
        torch.cuda.synchronize()
        del network
        torch.cuda.empty_cache()
        held.append(torch.cuda.memory_allocated())
    # What is left after the first one is the libraries' own workspace.
    assert held[-1] <= held[0] + 2**20
