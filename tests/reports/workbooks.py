"""Reads a workbook back and calculates its formulas, for the functions that ours use: a spreadsheet of thirty lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from openpyxl import load_workbook
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries
from scipy.optimize import brentq

OPERATORS = {"^": "**", "=": "==", "<>": "!="}


class SheetError(Exception):
    """What a spreadsheet shows as #NUM!, #N/A or #DIV/0!."""


def _irr(values: Any, guess: float = 0.1) -> float:
    money = np.asarray(values, dtype=float).ravel()
    years = np.arange(len(money))
    grid = np.concatenate([np.linspace(-0.99, 0, 400), np.linspace(0.001, 20, 4000)])
    worth = np.array([(money * (1 + rate) ** -years).sum() for rate in grid])
    crossings = np.flatnonzero(worth[1:] * worth[:-1] <= 0)
    if not len(crossings):
        raise SheetError("#NUM!")
    at = crossings[np.argmin(np.abs(grid[crossings] - guess))]
    return float(brentq(lambda rate: (money * (1 + rate) ** -years).sum(), grid[at], grid[at + 1], xtol=1e-14))


def _match(value: float, values: Any, _exact: float) -> int:
    places = np.flatnonzero(np.ravel(values) == value)
    if not len(places):
        raise SheetError("#N/A")
    return int(places[0]) + 1


def _if_error(attempt: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    try:
        return attempt()
    except (SheetError, ZeroDivisionError):
        return otherwise()


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "SUM": lambda *parts: lambda: float(sum(np.sum(part()) for part in parts)),
    "SUMPRODUCT": lambda *parts: lambda: float(np.prod([np.asarray(p(), float) for p in parts], axis=0).sum()),
    "ABS": lambda part: lambda: np.abs(part()),
    "SIGN": lambda part: lambda: float(np.sign(part())),
    "AND": lambda *parts: lambda: all(bool(part()) for part in parts),
    "IF": lambda test, yes, no: lambda: yes() if test() else no(),
    "IFERROR": lambda attempt, otherwise: lambda: _if_error(attempt, otherwise),
    "INDEX": lambda values, place: lambda: np.ravel(values())[int(place()) - 1],
    "MATCH": lambda value, values, exact: lambda: _match(value(), values(), exact()),
    "IRR": lambda *parts: lambda: _irr(*[part() for part in parts]),
}


class Calculator:
    """The cells of a workbook, calculated on demand; inputs can be changed."""

    def __init__(self, path: Path) -> None:
        self.book = load_workbook(path)
        self.shown = load_workbook(path, data_only=True)
        self.names = {name: item.attr_text for name, item in self.book.defined_names.items()}
        self.changed: dict[tuple[str, str], float] = {}
        self.known: dict[tuple[str, str], Any] = {}

    def place(self, name: str) -> tuple[str, str]:
        sheet, cell = self.names[name].rsplit("!", 1)
        return sheet.strip("'"), cell.replace("$", "")

    def change(self, name: str, value: float) -> None:
        self.changed[self.place(name)] = value
        self.known = {}

    def named(self, name: str) -> Any:
        return self.value(*self.place(name))

    def cached(self, name: str) -> Any:
        sheet, cell = self.place(name)
        return self.shown[sheet][cell].value

    def formulas(self) -> list[tuple[str, str]]:
        return [
            (sheet.title, cell.coordinate)
            for sheet in self.book
            for row in sheet.iter_rows()
            for cell in row
            if cell.data_type == "f"
        ]

    def value(self, sheet: str, cell: str) -> Any:
        key = (sheet, cell)
        if key not in self.known:
            found = self.book[sheet][cell]
            if key in self.changed:
                self.known[key] = self.changed[key]
            elif found.data_type == "f":
                self.known[key] = self.calculate(sheet, found.value)
            else:
                self.known[key] = found.value
        return self.known[key]

    def reference(self, sheet: str, words: str) -> Any:
        """Value of a name or a cell, values of a range."""
        words = words.replace("$", "")
        if words in self.names:
            return self.named(words)
        if "!" in words:
            sheet, words = words.rsplit("!", 1)
            sheet = sheet.strip("'")
        left, top, right, bottom = range_boundaries(words)
        if ":" not in words:
            return self.value(sheet, words)
        cells = self.book[sheet].iter_rows(min_row=top, max_row=bottom, min_col=left, max_col=right)
        return np.array([[self.value(sheet, cell.coordinate) or 0.0 for cell in row] for row in cells], dtype=float)

    def calculate(self, sheet: str, words: str) -> Any:
        """Value of a formula: it becomes Python in which functions take their arguments unevaluated."""
        python = []
        for token in Tokenizer(words).items:
            if token.type == "FUNC" and token.subtype == "OPEN":
                python.append(f"F[{token.value[:-1]!r}](lambda: ")
            elif token.type == "FUNC":
                python.append(")()")
            elif token.type == "SEP":
                python.append(", lambda: ")
            elif token.type == "OPERAND" and token.subtype == "RANGE":
                python.append(f"R({token.value!r})")
            elif token.type == "OPERAND" and token.subtype == "TEXT":
                python.append(repr(token.value[1:-1].replace('""', '"')))
            elif token.type.startswith("OPERATOR"):
                python.append(OPERATORS.get(token.value, token.value))
            elif token.type == "WHITE-SPACE":
                continue
            else:
                python.append(token.value)
        return eval("".join(python), {"F": FUNCTIONS, "R": lambda name: self.reference(sheet, name)})  # noqa: S307 -- our own formulas
