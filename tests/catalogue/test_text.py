"""Text as it is searched."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalogue.text import BREAK, LANGUAGES, POINT, fold, marked, parts, plain, tokens

ANY = st.text(st.characters(codec=None), max_size=300)  # lone surrogates too


def bare(text: str, language: str | None) -> list[str]:
    return [token for token in tokens(text, language) if token != BREAK]


# --- letters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("ＧＩＳ", "gis", "en"),
        ("Straße", "STRASSE", "en"),
        ("CO₂", "CO2", "en"),
        ("CO 2", "CO2", "zh"),
        ("HDM-4", "HDM 4", "en"),
        ("HDM4", "HDM 4", "en"),
        ("PM2.5", "pm 2.5", "en"),
        ("1,000,000", "1000000", "en"),
        ("U.N.", "UN", "en"),
        ("country’s", "countries", "en"),
        ("a\u00adb", "ab", "en"),  # soft hyphen
        ("naïve", "nai\u0308ve", "en"),
        ("sécurité", "SECURITES", "fr"),
        ("financée", "financé", "fr"),
        ("côtière", "cotiers", "fr"),
        ("l’eau", "eau", "fr"),
        ("évaluations", "evaluation", "fr"),
        ("planificación", "planificaciones", "es"),
        ("energía", "ENERGIAS", "es"),
        ("инфраструктура", "инфраструктуры", "ru"),
        ("ещё", "еще", "ru"),
        ("дороги", "дорога", "en"),
        ("الطَّاقَة", "طاقه", "ar"),
        ("المياه", "مياه", "ar"),
        ("والمياه", "مياه", "ar"),
        ("للمياه", "مياه", "ar"),
        ("إدارة", "ادارة", "ar"),
        ("مبنـــى", "مبني", "ar"),
        ("١٢٣", "123", "ar"),
        ("models", "modelling", "zh"),
        ("电　网", "电网", "zh"),
    ],
)
def test_spellings_of_one_thing_are_one(one: str, other: str, language: str) -> None:
    assert bare(one, language) == bare(other, language)


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("9.1", "91", "en"),
        ("9.1", "9 1", "en"),
        ("йод", "иод", "ru"),
        ("水", "氵", "zh"),
        ("发", "發", "zh"),  # simplified and traditional stay apart
        ("policy", "police", "en"),
    ],
)
def test_different_things_stay_apart(one: str, other: str, language: str) -> None:
    assert bare(one, language) != bare(other, language)


def test_every_chinese_character_is_a_token_and_kana_and_hangul_are_words() -> None:
    assert tokens("水坝𠀀\U00030000々〇", "zh") == ["水", "坝", "𠀀", "\U00030000", "々", "〇"]
    assert tokens("インフラ整備 도로 교량", "zh") == ["インフラ", "整", "備", "도로", "교량"]
    assert tokens("InVEST模型", "zh") == ["invest", "模", "型"]


def test_compatibility_characters_become_the_unified_one() -> None:
    assert tokens("\uf9ca", "zh") == tokens(unicodedata.normalize("NFKC", "\uf9ca"), "zh") == ["流"]


# --- words --------------------------------------------------------------------------------------------------------


def test_punctuation_breaks_phrases_but_hyphens_and_quotation_marks_do_not() -> None:
    assert tokens("水，桥。路", "zh") == ["水", BREAK, "桥", BREAK, "路"]
    assert tokens("“绿色”基础", "zh") == ["绿", "色", "基", "础"]
    assert tokens("roads (and) bridges/rail", None) == ["roads", BREAK, "and", BREAK, "bridges", "rail"]
    assert tokens("One.\n\nTwo\nthree - four", None) == ["one", BREAK, "two", "three", BREAK, "four"]


def test_words_with_a_hyphen_count_in_parts_and_as_one() -> None:
    assert tokens("cost–benefit of life-cycles", "en") == [
        "cost", "benefit", "of", "life", "cycl", BREAK, "costbenefit", BREAK, "lifecycl",
    ]  # fmt: skip
    assert list(parts("Cost-benefit")) == ["cost-benefit"]


def test_numbers_keep_their_point() -> None:
    assert tokens("SDG 9.1, 1,000.5", "en") == ["sdg", f"9{POINT}1", BREAK, f"1000{POINT}5"]
    assert tokens("in 2020. Then", None) == ["in", "2020", BREAK, "then"]


def test_words_of_different_stemmers_never_meet_in_one_column() -> None:
    assert marked(["notion", "水"], "en") == ["notion", "水"]
    assert marked(["notion", "水"], "fr")[0] not in {"notion", marked(["notion"], "es")[0]}
    assert marked(["notion", "水"], "fr")[1] == "水"


def test_addresses_of_links_are_not_text() -> None:
    assert plain("see [a *map*](https://example.org/water)") == "see a *map*"


# --- any string ---------------------------------------------------------------------------------------------------


@given(ANY, st.sampled_from([*LANGUAGES, None, "xx"]))
def test_any_text_becomes_plain_tokens(text: str, language: str | None) -> None:
    for token in tokens(text, language):
        assert token
        token.encode()
        assert not any(c.isspace() or c in "\"'(){}*:^+-\x00" for c in token), token


@given(ANY)
def test_folding_twice_changes_nothing_for_words(text: str) -> None:
    once = [part for part in parts(text) if part != BREAK and POINT not in part]
    again = [part for part in parts(" ".join(once)) if part != BREAK]
    assert fold("".join(once)) == "".join(once)
    assert "".join(again) == "".join(once)
