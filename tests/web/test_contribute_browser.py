"""Contributing in a real browser: proposed, returned, changed and published; no JavaScript, phone, accessibility."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.contribute_site import MET, PASSWORD, contribute_app, open_hub, open_site, term
from tests.web.driving import served, windows

from headwater import contribution
from headwater.contribution import Finding
from headwater.library import Library

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is missing: uv sync --frozen --inexact --group browser --group dev"
)
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe is missing: uv sync --frozen --inexact --group browser --group dev",
)

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
PAGES = {
    "list": ("writer", "contribute/"),
    "list-nobody": ("", "contribute/"),
    "list-reviewer": ("critic", "contribute/"),
    "new-tool": ("writer", "contribute/tool"),
    "new-principle": ("writer", "contribute/principle"),
    "correct": ("other", "contribute/case/ghana-roads"),
    "spoilt-form": ("writer", "contribute/drafts/{spoilt}/edit"),
    "spoilt-file": ("writer", "contribute/drafts/{spoilt}/edit?view=file"),
    "spoilt": ("writer", "contribute/drafts/{spoilt}"),
    "returned": ("writer", "contribute/drafts/{returned}"),
    "behind": ("writer", "contribute/drafts/{behind}"),
    "preview": ("writer", "contribute/drafts/{returned}/preview"),
    "diff": ("writer", "contribute/drafts/{returned}/diff?old=1&new=2"),
    "review": ("critic", "contribute/drafts/{waiting}/review"),
}
"""Pages by name: who looks, and where."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("contribute")
    return open_hub(folder, folder / "home")


@pytest.fixture(scope="module")
def drafts(library: Library) -> dict[str, str]:
    """A draft in every state, by name."""
    assert library.overlay is not None
    forum, people = open_site(library.overlay.parent, is_alone=False)
    writer, other, critic = people["writer"], people["other"], people["critic"]

    def text(name: str) -> str:
        return contribution.published_text(library, forum, f"glossary/{name}.md")

    def begun(user: Any, name: str, said: str, *, submits: bool = True) -> str:
        draft_id = contribution.propose(forum, library, user, "term", name, said)
        if submits:
            contribution.submit(forum, library, user, draft_id, 1)
        return draft_id

    made = {"spoilt": begun(writer, "spoilt", term(related=["assets"], nonsense="x"), submits=False)}
    made["returned"] = begun(writer, "asset", text("asset").replace("What asset means.", "A thing."))
    found = {**MET, "own-words": Finding(False, "Copied from the source.")}
    contribution.send_back(forum, critic, made["returned"], 1, found, "Nearly there.")
    again = text("asset").replace("What asset means.", "What serves.")
    contribution.save(forum, library, writer, made["returned"], again, on=1)
    made["behind"] = begun(writer, "flood", text("flood").replace("Often", "Seldom"), submits=False)
    contribution.publish(
        forum, library, critic, begun(other, "flood", text("flood").replace("What", "How")), 1, MET, ""
    )
    made["waiting"] = begun(other, "return-period", text("return-period").replace("Often", "Seldom"))
    forum.engine.dispose()
    return made


@pytest.fixture(scope="module")
def server(library: Library, drafts: dict[str, str]) -> Iterator[str]:
    """The site on a free port; its address."""
    from headwater.forum import open_forum

    assert library.overlay is not None
    forum = open_forum(library.overlay.parent, is_alone=False)
    with served(contribute_app(library, forum)) as address:
        yield address


@pytest.fixture(scope="module")
def sessions(browser: Any, server: str) -> dict[str, Any]:
    """What a browser keeps of everybody's session."""
    kept: dict[str, Any] = {"": None}
    for name in ("writer", "other", "critic"):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{server}/en/sign-in")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.click("main form button")
        assert page.url.endswith("/account")
        kept[name] = context.storage_state()
        context.close()
    return kept


@pytest.fixture
def open_page(browser: Any, server: str, sessions: dict[str, Any]) -> Iterator[Any]:
    """Opens a page as somebody in a window of their own; fails if the browser complains about anything."""
    with windows(browser, excused=["status of 40"], viewport=DESK) as opened:
        yield lambda who, address, **options: opened(
            f"{server}{address}", **{"storage_state": sessions[who], **options}
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_an_accessibility_fault(
    open_page: Any, drafts: dict[str, str], name: str, code: str, scheme: str
) -> None:
    who, path = PAGES[name]
    page = open_page(who, f"/{code}/{path.format(**drafts)}", color_scheme=scheme)
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    found = axe_module.Axe().run(page).response["violations"]
    assert [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for fault in found
        for node in fault["nodes"][:3]
    ] == []


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_on_a_narrow_phone(
    open_page: Any, drafts: dict[str, str], name: str, code: str
) -> None:
    who, path = PAGES[name]
    page = open_page(who, f"/{code}/{path.format(**drafts)}", viewport=PHONE)
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    wide = page.evaluate(
        """() => [document.documentElement.scrollWidth - innerWidth, ...[...document.querySelectorAll('body *')]
        .filter(e => !e.closest('.scroll, pre, .vh, .skip') && e.getBoundingClientRect().width > 0 &&
          (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
        .slice(0, 3).map(e => e.outerHTML.slice(0, 120))]"""
    )
    assert wide == [0]


WORDS = {
    "en": ("Publish", "Return with reasons", "Published.", "Returned to its author", "Handed in."),
    "zh": ("发布", "附理由退回", "已发布。", "已连同您的理由退回作者", "已提交"),
}


def judged(page: Any, **failed: str) -> None:
    """Tick every criterion; write what is wrong with those that are not met."""
    for radio in page.locator("input[type=radio][value=yes]").all():
        radio.check()
    for name, words in failed.items():
        page.check(f"input[name='c.{name.replace('_', '-')}'][value=no]")
        page.fill(f"[name='w.{name.replace('_', '-')}']", words)


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("code", ["en", "zh"])
def test_an_entry_is_proposed_returned_changed_and_published(open_page: Any, code: str, scripted: bool) -> None:
    publish, give_back, published, returned, handed_in = WORDS[code]
    name = f"well-{code}-{'js' if scripted else 'plain'}"
    writer = open_page("writer", f"/{code}/contribute/", java_script_enabled=scripted)
    writer.click("a[href$='/contribute/term']")
    writer.fill("#record_id", name)
    writer.fill("[name='f.title.en']", f"Well {name}")
    writer.fill("[name='f.title.zh']", f"井 {name}")
    writer.fill("[name='f.summary.en']", "A hole with water in it.")
    writer.fill("[name='f.summary.zh']", "有水的洞。")
    writer.fill("[name='f.sources.0.id']", "paper")
    writer.fill("[name='f.sources.0.title']", "On wells")
    writer.fill("[name='f.sources.0.publisher']", "A press")
    writer.select_option("[name='f.sources.0.read']", "page")
    writer.click("button[value='more:notes']")
    writer.fill("[name='f.notes.1.en']", "It is deep.")
    writer.fill("[name='f.notes.1.zh']", "很深。")
    assert writer.input_value("[name='f.title.en']") == f"Well {name}", "what was typed is kept"
    writer.click("button[value=submit]")
    writer.wait_for_load_state()
    assert writer.locator("#f-notes .why-bad").count() == 1, "a statement rests on something"
    writer.fill("[name='f.notes.0.basis']", "paper")
    writer.fill("[name='f.related']", "hazard")
    writer.click("button[value=submit]")
    assert handed_in in writer.locator(".note[role=status]").inner_text()
    draft = writer.url.split("?")[0]

    critic = open_page("critic", f"/{code}/contribute/", java_script_enabled=scripted)
    critic.click(f"a[href*='{draft.rpartition('/')[2]}']")
    judged(critic, own_words="Too near to the source.")
    critic.click(f"button:has-text('{give_back}')")
    assert returned in critic.locator(".note[role=status]").inner_text()

    writer.goto(draft)
    assert "Too near to the source." in writer.locator("#reviews").inner_text()
    writer.click("a.btn[href$='/edit']")
    writer.fill("[name='f.summary.en']", "A shaft that reaches water.")
    writer.click("button[value=submit]")
    assert handed_in in writer.locator(".note[role=status]").inner_text()

    critic.goto(f"{draft}/review")
    assert "A shaft that reaches water." in critic.locator(".diff").inner_text()
    judged(critic)
    critic.click(f"button:text-is('{publish}')")
    assert published in critic.locator(".note[role=status]").inner_text()
    writer.goto(draft)
    writer.click(f"a[href='/{code}/glossary/{name}']")
    assert name in writer.locator("h1").inner_text()


def test_an_entry_is_corrected_as_a_file_and_looked_at(open_page: Any) -> None:
    page = open_page("other", "/zh/contribute/organisation/un-body")
    page.click("button[name=do][value=file]:not(.vh)")
    text = page.input_value("#text")
    page.fill("#text", text.replace("发布工具。", "发布工具和指南。"))
    page.click("button[name=do][value=form]:not(.vh)")
    assert page.input_value("[name='f.summary.zh']") == "发布工具和指南。"
    page.click("button[value=preview]")
    assert "尚未发布" in page.locator(".note[role=status]").inner_text()
    assert page.locator(".lead").inner_text() == "发布工具和指南。"
    page.click(".note a")
    assert page.input_value("[name='f.summary.zh']") == "发布工具和指南。"


def test_the_keyboard_alone_adds_a_row_and_enter_saves_nothing(open_page: Any) -> None:
    page = open_page("writer", "/en/contribute/term")
    page.fill("#record_id", "keyed")
    page.focus("button[value='more:notes']")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "f.notes.1.en"
    page.keyboard.type("typed")
    page.focus("[name='f.title.en']")
    page.keyboard.type("Keyed")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    assert "/drafts/" not in page.url, "Enter checks and does not save"
    assert page.input_value("[name='f.title.en']") == "Keyed"
    assert page.input_value("[name='f.notes.0.en']") == "typed"
