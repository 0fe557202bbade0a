"""Which cells are touched, and what lies under each asset; compiled by numba.

Kernels as in `walk`: flat arrays in, results into arrays that are given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import math

import numpy as np

from headwater.compiled import compiled

kernel = compiled(nogil=True, error_model="numpy")


@kernel
def mark_cells(cells, words):
    """Set the bit of each cell."""
    for k in range(cells.size):
        words[cells[k] >> 6] |= np.uint64(1) << np.uint64(cells[k] & 63)


@kernel
def _bits(word):
    """How many bits are set."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def count_marks(words, before):
    """How many bits are set before each word; returns how many in all."""
    total = 0
    for w in range(words.size):
        before[w] = total
        total += _bits(words[w])
    return total


@kernel
def rank_cells(cells, words, before, inverse):
    """Position of each cell among those marked."""
    for k in range(cells.size):
        word = cells[k] >> 6
        below = (np.uint64(1) << np.uint64(cells[k] & 63)) - np.uint64(1)
        inverse[k] = before[word] + _bits(words[word] & below)


@kernel
def marked_cells(words, unique):
    """Flat index of each bit set, in order."""
    at = 0
    for w in range(words.size):
        word = words[w]
        cell = w << 6
        while word:
            low = word & (~word + np.uint64(1))
            unique[at] = cell + _bits(low - np.uint64(1))
            at += 1
            word ^= low


@kernel
def summarise(indptr, inverse, amounts, layers, threshold, out):
    """Amount with data, Σ amount · value, highest value, and amount above the threshold, by asset and layer."""
    for i in range(indptr.size - 1):
        for layer in range(layers.shape[0]):
            with_data, weighted, maximum, above = 0.0, 0.0, math.nan, 0.0
            for k in range(indptr[i], indptr[i + 1]):
                value = layers[layer, inverse[k]]
                if math.isnan(value):
                    continue
                with_data += amounts[k]
                weighted += amounts[k] * value
                if not maximum >= value:
                    maximum = value
                if value > threshold:
                    above += amounts[k]
            out[0, i, layer], out[1, i, layer] = with_data, weighted
            out[2, i, layer], out[3, i, layer] = maximum, above
