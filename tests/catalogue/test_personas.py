"""The page of personas is what the wizard says of the content as it is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from headwater.catalogue.navigator import recommend
from headwater.catalogue.questions import parse_answers
from headwater.curation import Content, read_content

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def personas() -> ModuleType:
    spec = importlib.util.spec_from_file_location("personas", ROOT / "docs" / "personas.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["personas"] = importlib.util.module_from_spec(spec)  # its dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def content() -> Content:
    return read_content()


def test_page_is_what_the_wizard_says(personas: ModuleType, content: Content) -> None:
    written = personas.PAGE.read_text(encoding="utf-8")
    assert written == personas.page(content.records, content.words.vocabularies), "run: python docs/personas.py"


def test_six_people_ask_and_each_is_answered(personas: ModuleType, content: Content) -> None:
    assert len(personas.PERSONAS) == 6
    for persona in personas.PERSONAS:
        assert set(parse_answers(persona.answers, content.words.vocabularies)) == set(persona.answers)
        found = recommend(content.records, content.words.vocabularies, persona.answers)
        assert len(found.suggestions) >= 3, persona.name
        assert found.excluded, persona.name
        assert persona.judgement, persona.name
        for one in found.suggestions[:3]:
            assert any(reason.part == "decision" and reason.points > 0 for reason in one.reasons)
            assert one.use_when
            assert one.cautions


def test_limits_of_the_page_are_those_of_the_wizard(personas: ModuleType, content: Content) -> None:
    found = [
        limit.part
        for persona in personas.PERSONAS
        for out in recommend(content.records, content.words.vocabularies, persona.answers).excluded
        for limit in out.limits
    ]
    assert set(found) <= set(personas.LIMITS)
