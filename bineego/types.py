"""Types used throughout the package."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
"""RGB, (H, W, 3) or several of them."""

OnProgress = Callable[[float, float], None]
"""Called with (done, total)."""
