"""The web page in a real Chromium: a whole conversation, an edited what-if, pages, keyboard, accessibility."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hostile
import pytest
from running import running

CHROMIUM = os.environ.get("RACKRATE_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
AXE = os.environ.get("RACKRATE_AXE_JS", "")  # axe.min.js of the npm package axe-core
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
FITS = "max batch of Llama 405B FP8 on 8xH100 at 12k context?"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("web")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium here (set RACKRATE_CHROMIUM)")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, base: str) -> Iterator[Any]:
    """A page of a device of its own; whatever the console complains of fails the test."""
    context = browser.new_context(viewport={"width": 1100, "height": 850})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    made = context.new_page()
    complaints: list[str] = []
    made.on(
        "console",
        lambda m: complaints.append(m.text) if m.type == "error" and " 422 " not in m.text else None,
    )
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.goto(base)
    yield made
    context.close()
    assert complaints == []


def ask(page: Any, question: str) -> Any:
    """The card of the answer to a question typed and sent by keyboard."""
    before = page.locator(".answer").count()
    page.keyboard.press("Escape")
    page.locator(".composer textarea").fill(question)
    page.keyboard.press("Enter")
    card = page.locator(".answer").nth(before)
    card.wait_for(timeout=60_000)
    return card


def test_a_conversation_with_an_edited_what_if(page: Any, base: str) -> None:
    first = ask(page, FITS)
    assert first.locator(".headline .number").inner_text() == "37"
    chips = first.locator("input[name=n_chips]")
    chips.fill("16")
    first.get_by_role("button", name="Run again").click()
    changed = first.locator("tr.changed").first
    changed.wait_for()
    assert "was 37" in changed.inner_text()
    chips.fill("0")
    first.get_by_role("button", name="Run again").click()
    first.get_by_role("alert").wait_for()
    assert chips.get_attribute("aria-invalid") == "true"

    second = ask(page, "and on an H200?")
    assert second.locator("input[name=chip]").input_value().startswith("h200")
    address = page.url
    assert "#/t/" in address
    page.goto("about:blank")
    page.goto(address)  # the shared link shows the whole conversation
    page.locator(".answer").nth(1).wait_for()
    assert page.locator(".answer .headline .number").first.inner_text() == "37"
    page.locator("#history-button").click()
    assert FITS in page.locator("#history").inner_text()


def test_assumed_inputs_are_marked_and_what_moves_the_answer_is_shown(page: Any) -> None:
    card = ask(page, FITS)
    assumed = card.locator("label.assumed select[name=kv_precision]")
    assumed.wait_for()
    assert assumed.input_value() == "bf16"
    levers = card.locator(".levers li")
    levers.first.wait_for()
    assert "%" in levers.first.inner_text()
    card.get_by_role("button", name="Run again").click()  # nothing changed: the same result
    card.locator("tr.first").wait_for()
    assert card.locator("tr.changed").count() == 0
    assumed.select_option("fp8")
    card.get_by_role("button", name="Run again").click()
    card.locator("tr.changed").first.wait_for()
    assert "was 37" in card.locator("tr.changed").first.inner_text()
    card.get_by_role("button", name="Undo changes").click()
    assert assumed.input_value() == "bf16"
    assert card.locator("tr.changed").count() == 0


def test_the_keyboard_recalls_and_stops(page: Any) -> None:
    ask(page, "what is 6 times 7?")
    box = page.locator(".composer textarea")
    box.press("ArrowUp")
    assert box.input_value() == "what is 6 times 7?"
    page.route("**/v1/ask/stream", lambda route: None)  # an answer that never comes
    box.press("Enter")
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").wait_for()
    assert page.get_by_role("button", name="Try again").is_visible()


def test_an_answer_is_shown_as_it_is_written(page: Any) -> None:
    events = [("status", {"node": "plan"}), ("text", {"delta": "Half **a"}), ("text", {"delta": "nd half**"})]
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    page.evaluate(_HELD_STREAM, body)
    page.locator(".composer textarea").fill("anything")
    page.keyboard.press("Enter")
    page.locator(".draft strong", has_text="and half").wait_for()


_HELD_STREAM = """body => {
  window.fetch = async () => new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode(body)) }));
}"""


def test_citations_open_and_copies_hold_the_answer(page: Any) -> None:
    card = ask(page, "what was said about neoclouds?")
    quote = card.locator(".cited details").first
    assert not quote.locator("blockquote").is_visible()
    quote.locator("summary").click()
    assert quote.locator("blockquote").is_visible()
    card.get_by_role("button", name="Copy as Markdown").click()
    card.get_by_role("button", name="Copied").wait_for()
    assert "neoclouds" in page.locator("html").evaluate("() => navigator.clipboard.readText()")
    table = ask(page, FITS)
    table.get_by_role("button", name="Copy table as CSV").click()
    table.get_by_role("button", name="Copied").wait_for()
    csv = page.locator("html").evaluate("() => navigator.clipboard.readText()")
    assert csv.splitlines()[0].count(",") == csv.splitlines()[1].count(",") >= 1


def test_a_chart_is_drawn_inside_its_sandbox(page: Any) -> None:
    card = ask(page, FITS)
    frame = card.locator("iframe.chart")
    frame.scroll_into_view_if_needed()
    assert frame.get_attribute("sandbox") == "allow-scripts"
    drawn = (
        page.frame_locator("iframe.chart").locator("svg .mark-line, svg .mark-symbol, svg .mark-rect").first
    )
    drawn.wait_for(timeout=30_000, state="attached")


def test_what_a_question_says_never_becomes_markup(page: Any) -> None:
    asked = '<img src=x onerror="document.title=1"><script>document.title=2</script> **b** [a](javascript:alert(1))'
    card = ask(page, asked)
    assert page.locator(".asked").first.inner_text() == asked
    assert page.locator("article img, article script, article a[href^=javascript]").count() == 0
    assert page.title() == "rackrate"
    assert card.is_visible()


def test_what_a_plugin_or_a_document_says_never_becomes_markup_nor_a_formula(page: Any) -> None:
    body = f"event: answer\ndata: {hostile.answer().model_dump_json()}\n\n"
    page.route(
        "**/v1/ask/stream",
        lambda route: route.fulfill(status=200, content_type="text/event-stream", body=body),
    )
    card = ask(page, FITS)
    card.evaluate("(card) => card.querySelectorAll('details').forEach((part) => { part.open = true })")
    assert page.locator("article img, article script, article a[href^=javascript]").count() == 0
    assert page.title() == "rackrate"
    card.get_by_role("button", name="Copy table as CSV").click()
    card.get_by_role("button", name="Copied").wait_for()
    copied = page.locator("html").evaluate("() => navigator.clipboard.readText()")
    cells = [row[0] for row in csv.reader(io.StringIO(copied, newline=""))]
    assert len(cells) == 1 + len(hostile.FORMULAS)
    assert all(cell.startswith("'") for cell in cells)


def test_the_catalogue_filters_and_shows_sources(page: Any, base: str) -> None:
    page.goto(f"{base}/#/catalogue")
    rows = page.locator(".lines tbody tr")
    rows.first.wait_for()
    every = rows.count()
    page.get_by_label("Filter the catalogue").fill("H100")
    assert 0 < rows.count() < every
    heights = {round(row.bounding_box()["height"]) for row in rows.all()}
    assert max(heights) < 50
    page.get_by_role("button", name="Bandwidth").click()
    speeds = [
        float(text.replace(",", ""))
        for text in page.locator(".lines tbody td:nth-child(4)").all_inner_texts()
    ]
    assert speeds == sorted(speeds, reverse=True)
    page.get_by_label("Filter the catalogue").fill("h100-sxm")
    rows.first.get_by_role("link").click()
    page.locator(".facts tbody tr").first.wait_for()
    assert page.locator(".facts a[href^='https://']").count() > 0
    assert "object Object" not in page.locator("main").inner_text()
    page.locator("iframe.chart").wait_for()
    page.frame_locator("iframe.chart").locator("svg .mark-line").first.wait_for(
        timeout=30_000, state="attached"
    )
    page.go_back()
    rows.first.wait_for()
    for kind in ("models", "prices"):
        page.goto(f"{base}/#/catalogue/{kind}")
        rows.first.wait_for()
        assert "undefined" not in page.locator("main").inner_text()


def test_claims_show_numbers_as_people_write_them(page: Any, base: str) -> None:
    page.goto(f"{base}/#/claims")
    page.locator(".claim").first.wait_for(timeout=60_000)
    text = page.locator("main").inner_text()
    assert "object Object" not in text
    assert "undefined" not in text
    assert "Said" in text
    assert "Computed" in text
    page.get_by_role("link", name="Does not hold").click()
    page.locator(".claim.inconsistent").first.wait_for()
    assert page.locator(".claim:not(.inconsistent)").count() == 0
    page.locator(".claim summary").first.click()
    assert page.locator(".claim .formula").first.is_visible()


def test_the_theme_is_remembered(page: Any) -> None:
    page.get_by_label("Switch between dark and light").click()
    chosen = page.locator("html").get_attribute("data-theme")
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == chosen


@pytest.mark.parametrize("width", [1200, 768, 390])
def test_nothing_is_wider_than_the_screen(page: Any, base: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    ask(page, FITS)
    for place in ("", "/#/catalogue", "/#/claims"):
        if place:
            page.goto(f"{base}{place}")
            page.locator(".lines, .claim").first.wait_for(timeout=60_000)
        assert page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth") <= 0, place


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, base: str, scheme: str) -> None:
    if not AXE:
        pytest.skip("set RACKRATE_AXE_JS to the axe.min.js of the npm package axe-core")
    context = browser.new_context(
        viewport={"width": 1100, "height": 850}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    try:
        page.goto(base)
        ask(page, FITS)
        found = _violations(page)
        for place in ("/#/catalogue", "/#/claims"):
            page.goto(f"{base}{place}")
            page.locator(".lines, .claim").first.wait_for(timeout=60_000)
            found += _violations(page)
    finally:
        context.close()
    assert found == []


def _violations(page: Any) -> list[str]:
    page.add_script_tag(path=AXE)
    result = page.evaluate("() => axe.run(document, {iframes: false})")
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:120]}"
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
    ]
