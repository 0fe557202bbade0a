"""Numbers as people read them, in the current language.

English counts in millions, Chinese in 万 and 亿; both keep the unit beside the figure and write a missing value as a
dash, never as "nan". Knows nothing of what a number means.
"""

from __future__ import annotations

import math
from typing import Any

from babel.core import Locale
from babel.numbers import format_decimal, get_currency_name

from headwater.words import _, language

MISSING = "—"
"""What stands where there is no value."""

SCALES: dict[str, list[tuple[float, str]]] = {
    "en": [(1e12, " trillion"), (1e9, " billion"), (1e6, " million")],
    "zh": [(1e12, "万亿"), (1e8, "亿"), (1e4, "万")],
}
"""Words for large units by language, largest first."""


def is_missing(value: Any) -> bool:
    """Whether there is no value: None, NaN, NaT, pd.NA or an infinity.

    Examples
    --------
    >>> is_missing(float("nan")), is_missing(0.0)
    (True, False)
    """
    try:
        return value is None or not math.isfinite(value)
    except TypeError:  # pd.NA refuses to become a number
        return True


def number(value: Any, *, figures: int = 3) -> str:
    """A number with thousands separators and at least so many significant figures.

    Figures before the decimal point are never rounded away, so counts stay exact.

    Parameters
    ----------
    value
        Number, or anything missing.
    figures
        Significant figures to keep at least.

    Examples
    --------
    >>> number(1234.56), number(0.012345), number(-2.5), number(None)
    ('1,235', '0.0123', '−2.5', '—')
    """
    if is_missing(value):
        return MISSING
    decimals = _decimals(float(value), figures)
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    return format_decimal(round(float(value), decimals) + 0.0, format=pattern, locale=_locale()).replace("-", "−")


def compact(value: Any, *, figures: int = 3) -> str:
    """A number in the large units of the language.

    Examples
    --------
    >>> from headwater.words import speaking
    >>> compact(12345678), compact(878310)
    ('12.3 million', '878,310')
    >>> with speaking("zh"):
    ...     compact(12345678), compact(878310), compact(2.5e9)
    ('1,235万', '87.8万', '25亿')
    """
    if is_missing(value):
        return MISSING
    divisor, word = _scale(float(value), figures)
    return number(float(value) / divisor, figures=figures) + word


def rounded(value: Any, *, figures: int = 3) -> str:
    """A number in the large units of the language, rounded to so many significant figures: for what a model estimates.

    Examples
    --------
    >>> rounded(253_808), rounded(12_345_678)
    ('254,000', '12.3 million')
    """
    return compact(value if is_missing(value) else to_figures(value, figures=figures), figures=figures)


def to_figures(value: Any, *, figures: int = 3) -> float:
    """A number rounded to so many significant figures.

    Examples
    --------
    >>> to_figures(54_639)
    54600.0
    """
    return float(f"{float(value):.{figures}g}")


def compact_range(low: Any, high: Any, *, figures: int = 3) -> str:
    """Two numbers as a range, the large unit written once where they share it.

    Examples
    --------
    >>> compact_range(1.2e6, 3.4e6), compact_range(900, 1.2e6), compact_range(None, 5)
    ('1.2–3.4 million', '900–1.2 million', '—')
    """
    if is_missing(low) or is_missing(high):
        return MISSING
    (divisor, word), (other, _word) = _scale(float(low), figures), _scale(float(high), figures)
    first = number(float(low) / divisor, figures=figures) + ("" if divisor == other else word)
    return f"{first}–{compact(high, figures=figures)}"


def money(value: Any, currency: str = "USD") -> str:
    """An amount of money with its currency, to three significant figures.

    Examples
    --------
    >>> from headwater.words import speaking
    >>> money(1_640_000)
    '1.64 million USD'
    >>> with speaking("zh"):
    ...     money(1_640_000)
    '164万美元'
    """
    return MISSING if is_missing(value) else _with_currency(rounded(value), currency)


def money_range(low: Any, high: Any, currency: str = "USD") -> str:
    """A range of money with its currency, to three significant figures.

    Examples
    --------
    >>> money_range(1.2e6, 3.4e6)
    '1.2–3.4 million USD'
    """
    if is_missing(low) or is_missing(high):
        return MISSING
    text = compact_range(to_figures(low), to_figures(high))
    return _with_currency(text, currency)


def currency_name(currency: str) -> str:
    """What the current language calls a currency in running text: its code in English, its name in Chinese.

    Examples
    --------
    >>> currency_name("USD")
    'USD'
    """
    return currency if language() == "en" else str(get_currency_name(currency, locale=_locale()))


def percent(share: Any, *, figures: int = 2) -> str:
    """A share (0-1) as a percentage.

    Examples
    --------
    >>> percent(0.1234), percent(0.0004), percent(0), percent(1)
    ('12%', '<0.1%', '0%', '100%')
    """
    if is_missing(share):
        return MISSING
    if 0 < abs(share) < 0.001:
        return "<" + number(0.1) + "%"
    return number(100 * float(share), figures=figures) + "%"


def gap_bound(gap: Any) -> str:
    """A proved gap (0-1) as a percentage; a tiny one rounded up to a power of ten, so that it is never understated.

    Examples
    --------
    >>> gap_bound(6.4e-7), gap_bound(3e-5), gap_bound(0.012)
    ('0.0001%', '0.01%', '1.2%')
    """
    if is_missing(gap) or not 0 < gap < 0.001:
        return percent(gap)
    return number(100 * 10.0 ** max(-6, math.ceil(math.log10(gap)))) + "%"


def proved_gap(gap: Any) -> str:
    """A proved gap (0-1) as a percentage, marked as a bound where it is tiny.

    Examples
    --------
    >>> proved_gap(0.0), proved_gap(6.4e-7), proved_gap(0.012)
    ('0%', '≤ 0.0001%', '1.2%')
    """
    return gap_bound(gap) if is_missing(gap) or not 0 < gap < 0.001 else f"≤ {gap_bound(gap)}"


def ratio(value: Any) -> str:
    """A ratio to two significant figures, as benefit-cost ratios are read.

    Examples
    --------
    >>> ratio(3.158), ratio(-0.0031)
    ('3.2', '0')
    """
    return number(0.0 if not is_missing(value) and abs(value) < 0.005 else value, figures=2)


def kilometres(length_m: Any) -> str:
    """A length given in metres, in kilometres.

    Examples
    --------
    >>> kilometres(123_900)
    '124 km'
    """
    return MISSING if is_missing(length_m) else _("{number} km").format(number=number(float(length_m) / 1000))


def hours(value: Any) -> str:
    """A time in hours.

    Examples
    --------
    >>> hours(2.5)
    '2.5 h'
    """
    return MISSING if is_missing(value) else _("{number} h").format(number=number(value))


def years(value: Any) -> str:
    """A whole year or a number of years, without thousands separators.

    Examples
    --------
    >>> years(2030.0), years(None)
    ('2030', '—')
    """
    return MISSING if is_missing(value) else f"{float(value):.10g}"


def _locale() -> Locale:
    return Locale.parse(language())


def _decimals(value: float, figures: int) -> int:
    if value == 0:
        return 0
    before_point = math.floor(math.log10(abs(value))) + 1
    return min(8, max(0, figures - before_point))


def _scale(value: float, figures: int) -> tuple[float, str]:
    """The largest unit that the value reaches once it is rounded."""
    rounded = round(abs(value), _decimals(value, figures))
    return next(((unit, word) for unit, word in SCALES[language()] if rounded >= unit), (1.0, ""))


def _with_currency(amount: str, currency: str) -> str:
    return _("{amount} {currency}").format(amount=amount, currency=currency_name(currency))
