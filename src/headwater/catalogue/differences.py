"""How two versions of a text differ: line by line, and within a line word by word, Chinese character by character."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff

MOST_LINES = 3_000
"""Lines of a text that are compared one by one; a longer one is shown as replaced."""

MOST_WORDS = 600
"""Words of a line that are compared one by one."""

LEAST_ALIKE = 0.3
"""Share that two lines must have in common for their words to be compared."""

_WORD = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.DOTALL)


@dataclass(frozen=True)
class DiffRow:
    """One line of a comparison.

    Attributes
    ----------
    kind
        `same`, `removed`, `added`, or `gap` for lines that are the same and not shown.
    old, new
        Number of the line in either text; None where it has none.
    pieces
        The line in pieces, each with whether it was changed.
    count
        How many lines a gap stands for.
    """

    kind: str
    old: int | None
    new: int | None
    pieces: Sequence[tuple[bool, str]] = ()
    count: int = 0


def compare_texts(old: str, new: str, *, context: int = 3) -> list[DiffRow]:
    """What became of a text.

    Parameters
    ----------
    old, new
        Two texts.
    context
        Lines around each change that are shown though they are the same.

    Returns
    -------
    rows
        Empty where the texts are the same.

    Examples
    --------
    >>> for row in compare_texts("a\\nwet road\\n", "a\\ndry road\\n"):
    ...     print(row.kind, row.old, row.new, row.pieces)
    same 1 1 [(False, 'a')]
    removed 2 None [(True, 'wet'), (False, ' road')]
    added None 2 [(True, 'dry'), (False, ' road')]
    """
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        return []
    if max(len(before), len(after)) > MOST_LINES:
        return [*_removed(before, 0), *_added(after, 0)]
    rows: list[DiffRow] = []
    codes = SequenceMatcher(None, before, after).get_opcodes()
    for place, (tag, i, i_end, j, j_end) in enumerate(codes):
        if tag == "equal":
            lines = [DiffRow("same", i + k + 1, j + k + 1, [(False, before[i + k])]) for k in range(i_end - i)]
            rows += _shortened(lines, context if place else 0, context if place < len(codes) - 1 else 0)
        elif tag == "replace":
            rows += _replaced(before[i:i_end], after[j:j_end], i, j)
        else:
            rows += [*_removed(before[i:i_end], i), *_added(after[j:j_end], j)]
    return rows


def unified_patch(path: str, old: str, new: str) -> str:
    """A change of one file as `git apply` reads it; "" where there is none.

    Parameters
    ----------
    path
        The file within the repository.
    old, new
        Its text before, "" where it is new, and after.

    Examples
    --------
    >>> print(unified_patch("content/a.md", "", "x\\n"))
    diff --git a/content/a.md b/content/a.md
    new file mode 100644
    --- /dev/null
    +++ b/content/a.md
    @@ -0,0 +1 @@
    +x
    <BLANKLINE>
    """
    if old == new:
        return ""
    before, after = _lines(old), _lines(new)
    head = f"diff --git a/{path} b/{path}\n" + ("" if old else "new file mode 100644\n")
    body = unified_diff(before, after, f"a/{path}" if old else "/dev/null", f"b/{path}")
    return head + "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in body)


def _lines(text: str) -> list[str]:
    """Lines as git knows them: ended by a line feed and nothing else."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _replaced(before: Sequence[str], after: Sequence[str], i: int, j: int) -> Iterator[DiffRow]:
    """Lines that were replaced: one by one where there are as many, so that their words can be compared."""
    if len(before) != len(after):
        yield from _removed(before, i)
        yield from _added(after, j)
        return
    for k, (old, new) in enumerate(zip(before, after, strict=True)):
        was, now = _pieces(old, new)
        yield DiffRow("removed", i + k + 1, None, was)
        yield DiffRow("added", None, j + k + 1, now)


def _removed(lines: Sequence[str], start: int) -> list[DiffRow]:
    return [DiffRow("removed", start + k + 1, None, [(False, line)]) for k, line in enumerate(lines)]


def _added(lines: Sequence[str], start: int) -> list[DiffRow]:
    return [DiffRow("added", None, start + k + 1, [(False, line)]) for k, line in enumerate(lines)]


def _shortened(lines: Sequence[DiffRow], head: int, tail: int) -> list[DiffRow]:
    hidden = len(lines) - head - tail
    if hidden <= 1:
        return list(lines)
    gap = DiffRow("gap", None, None, count=hidden)
    return [*lines[:head], gap, *lines[len(lines) - tail :]]


def _pieces(old: str, new: str) -> tuple[list[tuple[bool, str]], list[tuple[bool, str]]]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    whole = [(False, old)], [(False, new)]
    if max(len(before), len(after)) > MOST_WORDS:
        return whole
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < LEAST_ALIKE:
        return whole
    was: list[tuple[bool, str]] = []
    now: list[tuple[bool, str]] = []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if i_end > i:
            was.append((tag != "equal", "".join(before[i:i_end])))
        if j_end > j:
            now.append((tag != "equal", "".join(after[j:j_end])))
    return was, now
