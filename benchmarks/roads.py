"""Road-like graphs for the comparisons of paths: points joined to near neighbours, the same for every side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Roads:
    """Links between numbered nodes and the hours along them; no two ways take the same time."""

    nodes: int
    tail: np.ndarray
    head: np.ndarray
    hours: np.ndarray


def make_roads(nodes: int, links: int, *, seed: int = 20260101) -> Roads:
    """Points at random in a square, each joined to near neighbours, some joins left out."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(seed)
    place = rng.random((nodes, 2))
    near = cKDTree(place).query(place, 8)[1][:, 1:]
    pairs = np.column_stack([np.repeat(np.arange(nodes), 7), near.ravel()])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    pairs = pairs[rng.permutation(len(pairs))[:links]]
    km = 1000 * np.hypot(*(place[pairs[:, 0]] - place[pairs[:, 1]]).T)
    return Roads(nodes, pairs[:, 0], pairs[:, 1], km / rng.uniform(20, 100, len(pairs)))


def matrix(roads: Roads) -> object:
    """The roads as scipy takes them: both directions."""
    from scipy.sparse import csr_array

    both = np.r_[roads.tail, roads.head], np.r_[roads.head, roads.tail]
    return csr_array((np.r_[roads.hours, roads.hours], both), shape=(roads.nodes, roads.nodes))
