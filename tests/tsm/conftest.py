"""One thread: the networks here are so small that threads would wait for each other most of the time."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
