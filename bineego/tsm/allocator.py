"""The C library's allocator, told to keep big blocks instead of giving them back to the system after every batch.

By default glibc maps every big block again, and the kernel clears each page again: 1.5 to 2 times the time of a forward
in float32 (docs/facts.md). Kept blocks are used again by the next batch: peak memory does not grow with the
length of a video, but it is not given back before the program ends.
"""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD = -1  # malloc.h
M_MMAP_MAX = -4
KEEP_ALL = 2**31 - 1


def keep_memory() -> bool:
    """Make this process keep freed blocks; True if the allocator took it. Other C libraries are left alone.

    Call it once, before the first forward.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all([mallopt(M_MMAP_MAX, 0) == 1, mallopt(M_TRIM_THRESHOLD, KEEP_ALL) == 1])
