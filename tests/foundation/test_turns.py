"""Parallel kernels from several threads: one at a time, and no crash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit, prange

from headwater.turns import in_turn


@in_turn
@njit(parallel=True, cache=False)
def squares(out):  # type: ignore[no-untyped-def]
    for i in prange(out.size):
        out[i] = i * i


def test_many_threads_may_call_a_parallel_kernel_at_once() -> None:
    def call(_i: int) -> float:
        out = np.empty(10_000)
        squares(out)
        return float(out[-1])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, range(64))) == {9999.0**2}
