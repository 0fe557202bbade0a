"""Words: every string of the interface exists in Chinese, with the same placeholders."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from headwater.words import LANGUAGES, catalogue, pick, speaking

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from words import messages

PLACEHOLDER = re.compile(r"\{[a-z_0-9]*[^}]*\}")


def test_every_message_is_in_chinese() -> None:
    known = catalogue("zh")
    missing = {text: place for text, place in messages().items() if text not in known}
    assert not missing


def test_translations_keep_their_placeholders() -> None:
    for message, translation in catalogue("zh").items():
        assert sorted(PLACEHOLDER.findall(message)) == sorted(PLACEHOLDER.findall(translation)), message


def test_catalogue_holds_nothing_the_code_does_not_say() -> None:
    assert set(catalogue("zh")) - set(messages()) == set()


def test_missing_translation_shows_and_says_so() -> None:
    with speaking("zh"):
        assert pick({"en": "Water"}) == "Water [en]"
        assert pick({"en": "Water", "zh": "水"}) == "水"
        assert pick({}) == ""


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match=", ".join(LANGUAGES)), speaking("tlh"):
        pass
