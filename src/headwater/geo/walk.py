"""The walk across a grid, cell by cell, that lines and the edges of polygons share; compiled by numba.

Every kernel here takes flat coordinates (see `shapes.Ragged`) and writes into arrays it is given. They let go of the
interpreter's lock, so that several can run side by side, each on features of its own; they are compiled for one set of
types and cached on disk.

Source
------
Amanatides and Woo (1987), A fast voxel traversal algorithm for ray tracing, Eurographics 1987.
doi:10.2312/egtp.19871000
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import math

import numpy as np

from headwater.compiled import compiled
from headwater.geo.grid import ON_EDGE

kernel = compiled(nogil=True, error_model="numpy")

NOTHING = 1e-9
"""A part of a cell, or of a whole polygon if that is smaller, that is rounding and not coverage."""

ROUNDING = 1e-12
"""A height of a row below which a run of cells is left over from rounding."""


# ----- places in columns and rows


@kernel
def _column(coords, k, p):
    u = p[0] * (coords[k, 0] - p[4]) + p[1] * (coords[k, 1] - p[5])
    nearest = np.floor(u + 0.5)
    return nearest if abs(u - nearest) < ON_EDGE else u


@kernel
def _row(coords, k, p):
    v = p[2] * (coords[k, 0] - p[4]) + p[3] * (coords[k, 1] - p[5])
    nearest = np.floor(v + 0.5)
    return nearest if abs(v - nearest) < ON_EDGE else v


@kernel
def _index(position, count):
    """Cell index along an axis: −1 before the grid, `count` beyond it."""
    return int(np.floor(min(max(position, -1.0), count)))


@kernel
def most_pieces(coords, parts, p, width, height):
    """At most how many cells the lines or rings enter, one after the other."""
    count = 0
    for piece in range(parts.size - 1):
        start, end = parts[piece], parts[piece + 1]
        if end <= start:
            continue
        column, row = _index(_column(coords, start, p), width), _index(_row(coords, start, p), height)
        count += 1
        for k in range(start + 1, end):
            c, r = _index(_column(coords, k, p), width), _index(_row(coords, k, p), height)
            count += abs(c - column) + abs(r - row)
            column, row = c, r
    return count


@kernel
def _clip(start, step, count):
    """Between which shares of its way a point that goes from `start` by `step` lies in [0, count)."""
    if step == 0:
        return (0.0, 1.0) if 0 <= start < count else (1.0, 0.0)
    a, b = -start / step, (count - start) / step
    return max(min(a, b), 0.0), min(max(a, b), 1.0)


# ----- lines


@kernel
def line_pieces(coords, parts, features, metres, p, width, height, cells, amounts, counts, ends):
    """The pieces of each line, the cell and the metres of each, line after line; returns how many in all.

    Sorted by cell and one per cell; or, if `ends` is given, in the order of the walk, one for each visit to a cell, and
    `ends` receives where each begins and ends, as segment and share of it: four columns. A line without length has one
    piece of zero metres.
    """
    at = 0
    for i in range(features.size - 1):
        base = at
        for piece in range(features[i], features[i + 1]):
            begin, end = parts[piece], parts[piece + 1]
            if end <= begin:
                continue
            fresh = True
            u1, v1 = _column(coords, begin, p), _row(coords, begin, p)
            column1, row1 = np.floor(u1), np.floor(v1)
            for k in range(begin, end - 1):
                u0, v0, column, row = u1, v1, column1, row1
                u1, v1 = _column(coords, k + 1, p), _row(coords, k + 1, p)
                column1, row1 = np.floor(u1), np.floor(v1)
                length = metres[k]
                is_inside = (
                    min(column, column1) >= 0
                    and max(column, column1) < width
                    and min(row, row1) >= 0
                    and max(row, row1) < height
                )
                crossings = abs(column1 - column) + abs(row1 - row)
                if is_inside and crossings <= 1:  # most segments of most lines
                    share = 1.0
                    if crossings == 1:
                        sideways = column1 != column
                        edge = max(column, column1) if sideways else max(row, row1)
                        share = (edge - (u0 if sideways else v0)) / ((u1 - u0) if sideways else (v1 - v0))
                        share = 0.0 if share < 1e-9 else (1.0 if share > 1 - 1e-9 else share)
                    elif length == 0 and u0 == u1 and v0 == v1:
                        continue
                    if share > 0:
                        cell = _cell(column, row, width)
                        at = _add(cell, share * length, k, 0.0, share, fresh, at, cells, amounts, ends)
                        fresh = False
                    if share < 1:
                        cell = _cell(column1, row1, width)
                        at = _add(cell, (1 - share) * length, k, share, 1.0, fresh, at, cells, amounts, ends)
                        fresh = False
                else:
                    at, fresh = _cross(u0, v0, u1, v1, length, k, fresh, width, height, at, cells, amounts, ends)
        if at == base and features[i] < features[i + 1]:
            at = _lone_place(coords, parts, features, metres, p, width, height, i, at, cells, amounts)
        if ends is None:
            at = _merge_pieces(base, at, cells, amounts)
        counts[i] = at - base
    return at


@kernel
def _cell(column, row, width):
    return int(row) * width + int(column)


@kernel
def _cross(u0, v0, u1, v1, length, k, fresh, width, height, at, cells, amounts, ends):
    """Walk a segment from cell to cell; returns where the next piece goes, and whether it must be a new one."""
    du, dv = u1 - u0, v1 - v0
    enter, leave = 0.0, 1.0
    if min(u0, u1) < 0 or max(u0, u1) >= width or min(v0, v1) < 0 or max(v0, v1) >= height:
        enter_u, leave_u = _clip(u0, du, width)
        enter_v, leave_v = _clip(v0, dv, height)
        enter, leave = max(enter_u, enter_v), min(leave_u, leave_v)
        if not enter < leave:
            return at, True
        fresh = fresh or enter > 0
    c = min(max(int(np.floor(u0 + du * enter)), 0), width - 1)
    r = min(max(int(np.floor(v0 + dv * enter)), 0), height - 1)
    per_u, per_v = (1 / du if du != 0 else math.inf), (1 / dv if dv != 0 else math.inf)
    tiny = 1e-9 * min(1.0, abs(per_u), abs(per_v))
    step_c, step_r = (1 if du > 0 else -1), (1 if dv > 0 else -1)
    ahead_u, ahead_v = (1 if du > 0 else 0) - u0, (1 if dv > 0 else 0) - v0
    next_u = (c + ahead_u) * per_u if du != 0 else math.inf
    next_v = (r + ahead_v) * per_v if dv != 0 else math.inf
    now = enter
    while 0 <= c < width and 0 <= r < height:
        then = min(next_u, next_v)
        is_last = then >= leave - tiny
        if is_last:
            then = leave
        if is_last or then - now > tiny:
            at = _add(r * width + c, (then - now) * length, k, now, then, fresh, at, cells, amounts, ends)
            fresh, now = False, then
        if is_last:
            return at, leave < 1
        if next_u <= next_v:
            c += step_c
            next_u = (c + ahead_u) * per_u
        else:
            r += step_r
            next_v = (r + ahead_v) * per_v
    return at, True


@kernel
def _add(cell, length, k, share0, share1, fresh, at, cells, amounts, ends):
    """Add a step of the walk to the last piece, or begin a piece; returns where the next will be written."""
    if fresh or cells[at - 1] != cell:
        cells[at] = cell
        amounts[at] = length
        if ends is not None:
            ends[at, 0], ends[at, 1] = k, share0
            ends[at, 2], ends[at, 3] = k, share1
        return at + 1
    amounts[at - 1] += length
    if ends is not None:
        ends[at - 1, 2], ends[at - 1, 3] = k, share1
    return at


@kernel
def _lone_place(coords, parts, features, metres, p, width, height, i, at, cells, amounts):
    """The cell of a line that has no length."""
    begin, end = parts[features[i]], parts[features[i + 1]]
    for k in range(begin, end):
        if metres[k] != 0:
            return at
    if begin < end:
        u, v = _column(coords, begin, p), _row(coords, begin, p)
        if 0 <= u < width and 0 <= v < height:
            cells[at] = math.floor(v) * width + math.floor(u)
            amounts[at] = 0.0
            return at + 1
    return at


@kernel
def _merge_pieces(begin, end, cells, amounts):
    """Sort the pieces of a line by cell and make one of those that share a cell; returns where they now end."""
    if end - begin < 2:
        return end
    if cells[begin] > cells[end - 1]:
        _turn_round(begin, end, cells, amounts)  # a walk mostly goes one way: mostly sorted, now or then
    gap = 1
    while gap < (end - begin) // 12:
        gap = 3 * gap + 1
    shared = False
    while gap >= 1:
        shared = _sort_by_gap(begin, end, gap, cells, amounts)
        gap //= 3
    return _merge_sorted(begin, end, cells, amounts) if shared else end


@kernel
def _sort_by_gap(begin, end, gap, cells, amounts):
    """A pass of Shell's sort; tells whether it met two that are equal."""
    shared = False
    for j in range(begin + gap, end):
        cell, k = cells[j], j
        if cells[j - gap] < cell:
            continue
        amount = amounts[j]
        while k >= begin + gap and cells[k - gap] > cell:
            cells[k], amounts[k] = cells[k - gap], amounts[k - gap]
            k -= gap
        cells[k], amounts[k] = cell, amount
        shared = shared or (k >= begin + gap and cells[k - gap] == cell)
    return shared


@kernel
def _merge_sorted(begin, end, cells, amounts):
    """Make one of neighbours that share a cell; returns where they now end."""
    at = begin
    for j in range(begin + 1, end):
        if cells[j] == cells[at]:
            amounts[at] += amounts[j]
        else:
            at += 1
            cells[at], amounts[at] = cells[j], amounts[j]
    return at + 1


@kernel
def _turn_round(begin, end, cells, amounts):
    """Put pieces in the opposite order."""
    last = end - 1
    while begin < last:
        cells[begin], cells[last] = cells[last], cells[begin]
        amounts[begin], amounts[last] = amounts[last], amounts[begin]
        begin, last = begin + 1, last - 1


# ----- polygons


@kernel
def polygon_edges(coords, parts, features, is_shell, p, slopes, width, height, cells, covers, areas, counts):
    """What the edges of each polygon add to the cells they cross: polygon after polygon, sorted, one entry per cell.

    As font rasterisers do: an edge piece adds to its own cell the part of it on its right (`areas`), and to every
    cell further right in the row the height it spans (`covers`); both as shares of a cell, down counted as positive
    on a shell's left side. `slopes` gives how much more a share of a row weighs at its end than at its start.
    """
    at = 0
    for i in range(features.size - 1):
        base = at
        for piece in range(features[i], features[i + 1]):
            begin, end = parts[piece], parts[piece + 1]
            turn = _turn(coords, begin, end, p)
            if turn == 0:
                continue
            sign = -turn if is_shell[piece] else turn
            u1, v1 = _column(coords, begin, p), _row(coords, begin, p)
            for k in range(begin, end - 1):
                u0, v0 = u1, v1
                u1, v1 = _column(coords, k + 1, p), _row(coords, k + 1, p)
                at = _edge(u0, v0, u1, v1, sign, slopes, width, height, base, at, cells, covers, areas)
        at = _merge_entries(base, at, cells, covers, areas)
        counts[i] = at - base


@kernel
def _turn(coords, begin, end, p):
    """Which way round a ring goes in columns and rows: 1, −1, or 0 if it holds nothing."""
    if end - begin < 4:
        return 0.0
    u0, v0 = _column(coords, begin, p), _row(coords, begin, p)
    total, u, v = 0.0, 0.0, 0.0
    for k in range(begin + 1, end):
        u1, v1 = _column(coords, k, p) - u0, _row(coords, k, p) - v0
        total += u * v1 - u1 * v
        u, v = u1, v1
    return 1.0 if total > 0 else (-1.0 if total < 0 else 0.0)


@kernel
def _edge(u0, v0, u1, v1, sign, slopes, width, height, base, at, cells, covers, areas):
    """Walk one edge. What lies left of the grid counts as on its first edge; what lies right of it not at all."""
    du, dv = u1 - u0, v1 - v0
    if dv == 0:
        return at
    enter, leave = _clip(v0, dv, height)
    if not enter < leave:
        return at
    ua, va = (u0, v0) if enter == 0 else (u0 + du * enter, 0.0 if dv > 0 else float(height))
    ub, vb = (u1, v1) if leave == 1 else (u0 + du * leave, float(height) if dv > 0 else 0.0)
    low, high, w = min(va, vb), max(va, vb), float(width)
    v_left = _between(v0 + dv * (-u0 / du), low, high) if du != 0 else (vb if ua < 0 else va)
    v_right = _between(v0 + dv * ((w - u0) / du), low, high) if du != 0 else vb
    for half in range(2):
        if (half == 0) == (du >= 0):  # the part on the left, on the way in or on the way out
            a, a1, b, b1 = 0.0, 0.0, (va if du >= 0 else v_left), (v_left if du >= 0 else vb)
        elif du >= 0:
            a, a1, b, b1 = max(ua, 0.0), min(ub, w), v_left, v_right
        else:
            a, a1, b, b1 = min(ua, w), max(ub, 0.0), v_right, v_left
        at = _stretch(a, b, a1, b1, sign, slopes, width, base, at, cells, covers, areas)
    return at


@kernel
def _stretch(u0, v0, u1, v1, sign, slopes, width, base, at, cells, covers, areas):
    """Walk a stretch of an edge within the grid."""
    if v0 == v1 or (u0 >= width and u1 >= width):
        return at
    du, dv = u1 - u0, v1 - v0
    ahead_c, ahead_r = (1 if du > 0 else 0), (1 if dv > 0 else 0)
    c, r = math.floor(u0), math.floor(v0)
    if du < 0 and c == u0:
        c -= 1
    if dv < 0 and r == v0:
        r -= 1
    u, v = u0, v0
    while True:
        edge_u, edge_v = float(c + ahead_c), float(r + ahead_r)
        past_u = (u1 > edge_u) if du > 0 else (du < 0 and u1 < edge_u)
        past_v = (v1 > edge_v) if dv > 0 else (v1 < edge_v)
        share_u = (edge_u - u0) / du if past_u else math.inf
        share_v = (edge_v - v0) / dv if past_v else math.inf
        then_u, then_v = u1, v1
        if past_u and share_u < share_v:
            then_u, then_v = edge_u, _between(v0 + dv * share_u, max(r, min(v, v1)), min(r + 1, max(v, v1)))
        elif past_v:
            then_u, then_v = _between(u0 + du * share_v, max(c, min(u, u1)), min(c + 1, max(u, u1))), edge_v
        at = _enter(c, r, u, v, then_u, then_v, sign, slopes, width, base, at, cells, covers, areas)
        if not past_u and not past_v:
            return at
        if past_u and share_u < share_v:
            c += 1 if du > 0 else -1
        else:
            r += 1 if dv > 0 else -1
        u, v = then_u, then_v


@kernel
def _between(value, low, high):
    return min(max(value, float(low)), float(high))


@kernel
def _enter(c, r, u0, v0, u1, v1, sign, slopes, width, base, at, cells, covers, areas):
    """Add an edge piece inside one cell to that cell's entry, or begin one."""
    dy = v1 - v0
    if dy == 0 or c >= width:
        return at
    dx, x, y, slope = u1 - u0, (u0 + u1) / 2 - c, (v0 + v1) / 2 - r, slopes[r]
    weight = 1 + slope * (y - 0.5)
    cover = sign * dy * weight
    area = sign * dy * ((1 - x) * weight - slope * dx * dy / 12)
    cell = r * width + c
    if at > base and cells[at - 1] == cell:
        covers[at - 1] += cover
        areas[at - 1] += area
        return at
    cells[at], covers[at], areas[at] = cell, cover, area
    return at + 1


@kernel
def _merge_entries(begin, end, cells, covers, areas):
    """Sort entries by cell and make one of those that share a cell; returns where they now end."""
    gap = 1
    while gap < (end - begin) // 3:
        gap = 3 * gap + 1
    while gap >= 1:
        for j in range(begin + gap, end):
            cell, cover, area, k = cells[j], covers[j], areas[j], j
            while k >= begin + gap and cells[k - gap] > cell:
                cells[k], covers[k], areas[k] = cells[k - gap], covers[k - gap], areas[k - gap]
                k -= gap
            cells[k], covers[k], areas[k] = cell, cover, area
        gap //= 3
    at = begin
    for j in range(begin + 1, end):
        if cells[j] == cells[at]:
            covers[at] += covers[j]
            areas[at] += areas[j]
        else:
            at += 1
            cells[at], covers[at], areas[at] = cells[j], covers[j], areas[j]
    return at + 1 if end > begin else end


@kernel
def polygon_cells(width, row_amounts, starts, cells, covers, areas, counts, out_cells, out_amounts):
    """Read the cells of each polygon off its entries, row by row: those its edges cross, and the runs between.

    Without room to write in (`out_cells` empty) they are counted. Amounts are the share of the cell times that row's
    amount. A count of −1 means a share below 0 or above 1: the polygon crosses itself or its parts overlap.
    """
    writing = out_cells.size > 0
    at = 0
    for i in range(starts.size - 1):
        begin, end = starts[i], starts[i + 1]
        nothing = NOTHING * min(1.0, _cells_covered(begin, end, width, cells, covers, areas))
        base, is_bad = at, False
        j = begin
        while j < end:
            row = cells[j] // width
            row_end = (row + 1) * width
            cover = 0.0
            while j < end and cells[j] < row_end:
                share = cover + areas[j]
                cover += covers[j]
                until = cells[j + 1] if j + 1 < end and cells[j + 1] < row_end else row_end
                is_bad = is_bad or share < -1e-6 or share > 1 + 1e-6
                if share > nothing:
                    if writing:
                        out_cells[at], out_amounts[at] = cells[j], min(share, 1.0) * row_amounts[row]
                    at += 1
                if cover > nothing and cover > ROUNDING:
                    run = until - cells[j] - 1
                    if writing:
                        for step in range(run):
                            out_cells[at + step] = cells[j] + 1 + step
                            out_amounts[at + step] = min(cover, 1.0) * row_amounts[row]
                    at += run
                j += 1
        if not writing:
            counts[i] = -1 if is_bad else at - base


@kernel
def _cells_covered(begin, end, width, cells, covers, areas):
    """Area of a polygon within the grid [cells]."""
    total = 0.0
    for j in range(begin, end):
        total += areas[j] + covers[j] * (width - 1 - cells[j] % width)
    return total
