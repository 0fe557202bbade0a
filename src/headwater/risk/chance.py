"""Chance that neighbours share: numbers between 0 and 1 at places, drawn from a seed and the number of a sample.

A sample is a stream of its own, so samples may be drawn in any order and in any pieces; and the chance at a place
depends on no other place, so places may be added and left out. The one kernel lives here with all it calls, as
numba's cache of a function does not notice changes in other files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.compiled import compiled
from headwater.errors import InputError
from headwater.geo.distance import SPHERE_RADIUS_M
from headwater.words import _

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

WAVES = 64
"""Waves that a field is the sum of. Its variance and mean covariance are exact for any number of them."""


@dataclass(frozen=True, eq=False)
class Draws:
    """What a block of samples draws.

    Attributes
    ----------
    shared
        [samples]; one chance for everything in the sample.
    word
        uint64 [samples]; from which, with its key, each item makes a chance of its own.
    frequency
        [samples, waves, 3]; standard normal, to be divided by the range.
    size, phase
        [samples, waves]; of each wave.
    """

    shared: Floats
    word: Words
    frequency: Floats
    size: Floats
    phase: Floats


def draw(seed: int, *, start: int, stop: int) -> Draws:
    """What samples start to stop - 1 draw.

    Parameters
    ----------
    seed
        Seed, 0 or more.
    start, stop
        Samples.

    Returns
    -------
    draws
        The same for a sample whatever the block it is drawn in.

    Raises
    ------
    InputError
        If the samples are no range.

    Examples
    --------
    >>> bool(draw(7, start=0, stop=9).shared[4] == draw(7, start=4, stop=5).shared[0])
    True
    """
    if not 0 <= start <= stop:
        raise InputError(_("Samples {start} to {stop} are no range.").format(start=start, stop=stop))
    count = stop - start
    shared, word, normal = np.empty(count), np.empty(count, np.uint64), np.empty((count, WAVES, 5))
    for k in range(count):
        stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, start + k])))
        shared[k] = stream.random()
        word[k] = stream.integers(0, 2**64, dtype=np.uint64)
        normal[k] = stream.standard_normal((WAVES, 5))
    cosine, sine = normal[..., 3], normal[..., 4]
    return Draws(
        shared, word, frequency=np.ascontiguousarray(normal[..., :3]),
        size=np.sqrt((cosine * cosine + sine * sine) / WAVES), phase=np.arctan2(sine, cosine),
    )  # fmt: skip


def chances_at(points: Floats, draws: Draws, *, range_m: float, keys: Words) -> Floats:
    """Chance at each point in each sample: even between 0 and 1, alike for neighbours.

    Φ of a Gaussian field with mean 0, variance 1 and covariance exp(-d²/2L²), d the straight distance between two
    points, L the range. The field is a sum of waves with frequencies from the spectrum of that covariance and normal
    amplitudes, drawn anew for each sample: at each point it is exactly normal, and its covariance over samples is
    exact too. With L = 0 nothing is shared: each chance comes from the key of the item and the sample.

    Parameters
    ----------
    points
        Places [points, 3] [m]; see `points_m`.
    draws
        Samples.
    range_m
        Distance over which chance is shared [m]; 0 for none.
    keys
        [points]; numbers that stand for the names of items.

    Returns
    -------
    chance
        [samples, points], above 0 and below 1; NaN at a point without a place where the range is above 0.

    Source
    ------
    Rahimi & Recht (2007), Random features for large-scale kernel machines, Advances in Neural Information Processing
    Systems 20.

    Examples
    --------
    >>> one_place, two_names = points_m([39.0, 39.0], [-6.0, -6.0]), np.array([1, 2], np.uint64)
    >>> shared, own = (chances_at(one_place, draw(1, start=0, stop=1), range_m=m, keys=two_names) for m in (1e4, 0))
    >>> bool(shared[0, 0] == shared[0, 1]), bool(own[0, 0] == own[0, 1])
    (True, False)
    """
    if range_m == 0:
        return _own_chances(draws.word, keys)
    out = np.empty((len(draws.word), len(points)))
    _field_chances(np.ascontiguousarray(points), draws.frequency / range_m, draws.size, draws.phase, out)
    return out


def points_m(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
    """Places on a sphere of the Earth's size: x, y, z [m] from longitude and latitude [degrees].

    Straight distances between them are those on the ground for any range that failures share: at 500 km they are
    0.03 % shorter.

    Examples
    --------
    >>> points_m([0.0, 90.0], [0.0, 0.0]).round(1).tolist()
    [[6371000.0, 0.0, 0.0], [0.0, 6371000.0, 0.0]]
    """
    east, north = np.radians(np.asarray(lon, float)), np.radians(np.asarray(lat, float))
    directions = [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)]
    places: Floats = SPHERE_RADIUS_M * np.stack(directions, axis=-1)
    return places


def triangular(chance: Floats, bounds: Floats) -> Floats:
    """Quantiles of triangular distributions at given chances.

    Parameters
    ----------
    chance
        [samples, items], or one column for all items.
    bounds
        [items, low mode high]; where the three are equal that is the quantile.

    Returns
    -------
    quantiles
        [samples, items]; NaN where a bound is.

    Examples
    --------
    >>> triangular(np.array([[0.0], [0.5], [1.0]]), np.array([[0.0, 1.0, 2.0]])).ravel().tolist()
    [0.0, 1.0, 2.0]
    """
    low, mode, high = bounds.T
    rising = np.sqrt(chance * ((high - low) * (mode - low)))
    falling = np.sqrt((1 - chance) * ((high - low) * (high - mode)))
    value = np.where(chance * (high - low) < mode - low, low + rising, high - falling)
    quantiles: Floats = np.clip(value, low, high)
    return quantiles


@compiled(nogil=True)
def _field_chances(points, waves, sizes, phases, out):  # type: ignore[no-untyped-def]
    """Φ of the sum of waves at each point, for each sample; summed in a fixed order."""
    for s in range(out.shape[0]):
        for i in range(out.shape[1]):
            x, y, z = points[i, 0], points[i, 1], points[i, 2]
            total = 0.0
            for k in range(waves.shape[1]):
                angle = waves[s, k, 0] * x + waves[s, k, 1] * y + waves[s, k, 2] * z
                total += sizes[s, k] * math.cos(angle - phases[s, k])
            chance = 0.5 * math.erfc(-total / math.sqrt(2.0))
            out[s, i] = min(max(chance, 2.0**-53), 1.0 - 2.0**-53) if not math.isnan(total) else math.nan


def _own_chances(word: Words, keys: Words) -> Floats:
    """Chances that items share with none: their keys mixed with the word of the sample."""
    mixed = _mixed(_mixed(word)[:, None] ^ keys[None, :])
    chance: Floats = ((mixed >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    return chance


def _mixed(words: Words) -> Words:
    """Words that look random, each from one: the finaliser of SplitMix64, doi:10.1145/2660193.2660195."""
    z = words + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = z ^ (z >> np.uint64(31))
    return mixed
