"""Words for the codes of the business case and of finance: parties, instruments, risks, approaches, goals.

A code that has no words here is shown as it is, with spaces for underscores. Knows words only.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from headwater.reports.labels import case_line, plain, words_of
from headwater.reports.numbers import is_missing, percent
from headwater.words import _, language


def headline(words: str) -> str:
    """Words that begin a label, with a capital where the language has one.

    Examples
    --------
    >>> headline("avoided damage")
    'Avoided damage'
    """
    return words[:1].upper() + words[1:]


def line_name(code: str) -> str:
    """Name of a line of the business case, as a heading."""
    return headline(case_line(code))


def own_words(table: pd.DataFrame, column: str) -> pd.Series:
    """A column that a study gives in two languages, in the current one where it has it; "" where it is blank.

    Examples
    --------
    >>> own_words(pd.DataFrame({"note": ["Read", None]}), "note").tolist()
    ['Read', '']
    """
    if column not in table:
        return pd.Series("", index=table.index, dtype=object)
    words = table[column].astype(object)
    other = f"{column}_zh"
    if language() == "zh" and other in table:
        given = table[other].astype(object)
        words = given.where(given.notna() & (given != ""), words)
    return words.where(words.notna(), "")


def party(code: Any) -> str:
    """Name of who pays, gains or bears a risk."""
    return {
        "users": _("Users"),
        "operator": _("Operator"),
        "government": _("Government"),
        "lenders": _("Lenders"),
        "investors": _("Investors"),
        "communities": _("Communities"),
        "nature": _("Nature"),
        "insurers": _("Insurers"),
        "contractors": _("Contractors"),
        "donors": _("Donors"),
    }.get(plain(code), headline(plain(code)))


def approach(code: str) -> str:
    """Name of how an option works: with nature, with concrete and steel, or both."""
    return {
        "nature": _("Nature-based"),
        "grey": _("Grey"),
        "hybrid": _("Hybrid"),
    }.get(code, headline(plain(code)))


def instrument(code: str) -> str:
    """Name of a kind of finance."""
    return {
        "budget": _("Budget"),
        "concessional_loan": _("Concessional loan"),
        "commercial_loan": _("Commercial loan"),
        "bond": _("Bond"),
        "green_bond": _("Green bond"),
        "guarantee": _("Guarantee"),
        "equity": _("Equity"),
        "grant": _("Grant"),
        "payment_for_ecosystem_services": _("Payment for ecosystem services"),
        "land_value_capture": _("Land value capture"),
        "resilience_credit": _("Resilience credit"),
    }.get(code, headline(plain(code)))


def repayment(code: str) -> str:
    """How a debt is repaid."""
    return {
        "level": _("the same sum each year"),
        "linear": _("equal parts"),
        "bullet": _("all at the end"),
        "sculpted": _("in step with the cash available"),
    }.get(code, plain(code))


def risk_kind(code: str) -> str:
    """Name of a kind of risk."""
    return {
        "construction": _("Construction"),
        "cost": _("Cost"),
        "demand": _("Demand"),
        "operation": _("Running"),
        "finance": _("Finance"),
        "political": _("Political"),
        "environment": _("Environment"),
        "social": _("Social"),
        "hazard": _("Hazard"),
    }.get(code, headline(plain(code)))


def goal(number: int) -> str:
    """Name of a Sustainable Development Goal, with its number.

    Examples
    --------
    >>> goal(6)
    '6 Clean water and sanitation'
    """
    name = {
        1: _("No poverty"),
        2: _("Zero hunger"),
        3: _("Good health and well-being"),
        4: _("Quality education"),
        5: _("Gender equality"),
        6: _("Clean water and sanitation"),
        7: _("Affordable and clean energy"),
        8: _("Decent work and economic growth"),
        9: _("Industry, innovation and infrastructure"),
        10: _("Reduced inequalities"),
        11: _("Sustainable cities and communities"),
        12: _("Responsible consumption and production"),
        13: _("Climate action"),
        14: _("Life below water"),
        15: _("Life on land"),
        16: _("Peace, justice and strong institutions"),
        17: _("Partnerships for the Goals"),
    }.get(number, "")
    return f"{number} {name}".rstrip()


def rate_words(rate: Any, note: Any) -> str:
    """A rate of return, or why there is not one.

    Examples
    --------
    >>> rate_words(0.083, "unique"), rate_words(None, "several"), rate_words(None, "none"), rate_words(None, None)
    ('8.3%', 'several rates: none is shown', 'none: it never breaks even', '')
    """
    if not is_missing(rate):
        return percent(rate)
    return {
        "several": _("several rates: none is shown"),
        "none": _("none: it never breaks even"),
    }.get(plain(note), "")


def sample_share(share: Any) -> str:
    """A share of samples: all and none are said only where they are meant.

    Examples
    --------
    >>> sample_share(0.9995), sample_share(1.0), sample_share(0.862), sample_share(0.001)
    ('>99%', '100%', '86%', '<1%')
    """
    if not is_missing(share) and 0 < share < 0.01:
        return "<" + percent(0.01)
    return ">" + percent(0.99) if not is_missing(share) and 0.99 < share < 1 else percent(share)


def sourced(triple: tuple[Any, Any, str]) -> Markup:
    """A source, with a mark before it where the figure is a judgement that starts from it, and what to know below.

    Examples
    --------
    >>> sourced(("judgement", "Manual", "")), sourced(("source", "Manual", "Page 2."))
    (Markup('<span class="tag">judgement</span> Manual'), Markup('Manual<br>Page 2.'))
    """
    code, title, note = triple
    words = Markup("{}").format(words_of(title) or basis_mark(code))
    if plain(code) == "judgement":
        words = Markup("{} {}").format(basis_mark(code), words_of(title))
    return Markup("{}<br>{}").format(words, note) if note else words


def basis_mark(code: Any) -> Markup:
    """Where a figure comes from: a source, a judgement marked as one, or not stated.

    Examples
    --------
    >>> basis_mark("judgement")
    Markup('<span class="tag">judgement</span>')
    """
    if plain(code) == "judgement":
        return Markup('<span class="tag">{}</span>').format(_("judgement"))
    return Markup("{}").format(_("source") if plain(code) == "source" else _("not stated"))
