"""The pages in a real browser: a newcomer asks, hands over, an agent answers; offline and back; another site's page.
Screenshots stay in the artifacts folder, to be looked at."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import artifacts
from browser import WIDGET, Agent, Browser, Visitor
from files import png
from server import poll
from telling import both_languages

pytestmark = pytest.mark.browser

MODEL = "slow"
SCREENSHOTS = artifacts.FOLDER / "screenshots"


@pytest.fixture
def open_browser(request):
    made = []

    def make(**options) -> Browser:
        made.append(Browser(SCREENSHOTS, **options))
        return made[-1]

    yield make
    for number, each in enumerate(made):
        if request.node.failed:
            each.shoot(f"failure-{request.node.name}-{number}")
        each.driver.quit()


def conversation_of(visitor: Visitor) -> str:
    return visitor.browser.run(
        "const key = Object.keys(localStorage).find((key) => key.startsWith('chatapi:http'));"
        "return JSON.parse(localStorage.getItem(key)).conversation_id"
    )


@both_languages
def test_a_newcomer_asks_and_is_answered_with_a_source(server, upstream, open_browser, language):
    upstream.answers = {language.question: language.long_answer}
    browser = open_browser(language=language.locale)
    visitor = Visitor(browser, server.base_url)
    assert browser.run("return document.documentElement.lang") == language.locale
    poll(lambda: browser.part("health").get_attribute("data-status") == "healthy", 10, "the health on the page")
    browser.shoot(f"first-page-{language.locale}")
    assert not browser.overflows()
    browser.part(f"ask-{language.locale}").click()
    lengths = set()

    def complete():
        answers = [each for each in visitor.messages if each["kind"] == "ai"]
        if answers and answers[0]["status"] == "streaming":
            if not lengths:
                browser.shoot(f"streaming-{language.locale}")
            lengths.add(len(answers[0]["text"]))
        return answers and answers[0]["status"] == "complete" and answers[0]

    answer = poll(complete, 40, "a complete answer in the widget", every=0.05)
    browser.shoot(f"answered-{language.locale}")
    assert len(lengths) >= 3, f"the answer did not stream: {lengths}"
    assert answer["sources"] and language.fits(answer["text"])
    assert visitor.messages[0] == {**visitor.messages[0], "kind": "contact", "text": language.question}
    assert browser.complaints() == []


def test_handing_over_to_the_console_and_back(server, upstream, open_browser):
    visiting, working = open_browser(language="zh"), open_browser(language="zh")
    visitor = Visitor(visiting, server.base_url)
    agent = Agent(working, server.base_url)
    working.shoot("console-login")
    agent.sign_in()
    agent.live()
    visiting.part("ask-human").click()
    told = visitor.sees(lambda each: each["kind"] == "system", "a word that a human is coming")
    assert "人工" in told["text"]
    poll(lambda: visitor.owner == "none", 5, "the widget waiting for a human")
    visiting.shoot("handed-over")
    conversation = conversation_of(visitor)
    agent.choose(conversation)
    agent.sees(lambda each: each["text"] == "转人工", "the customer's words")
    working.shoot("console-waiting")
    agent.press("take-over")
    poll(lambda: visitor.owner == "agent", 10, "the widget served by a human")
    agent.say("您好，我是人工客服，请问有什么可以帮您？")
    heard = visitor.sees(lambda each: each["kind"] == "agent", "the agent's answer")
    assert heard["text"] == "您好，我是人工客服，请问有什么可以帮您？"
    visiting.shoot("agent-answered")
    visitor.say("谢谢，我想问一下发票。")
    agent.sees(lambda each: each["text"] == "谢谢，我想问一下发票。", "the customer's reply")
    working.shoot("console-answered")
    agent.press("mode-note")
    agent.say("这是内部备注")
    agent.sees(lambda each: each["text"] == "这是内部备注", "the note")
    agent.press("hand-back")
    poll(lambda: visitor.owner == "ai", 10, "the widget back with the assistant")
    assert not [each for each in visitor.messages if each["text"] == "这是内部备注"]
    assert visiting.complaints() == [] and working.complaints() == []


@both_languages
def test_files_go_both_ways(server, open_browser, tmp_path, language):
    photo, table, page = tmp_path / "photo.png", tmp_path / "报价 offer.csv", tmp_path / "page.html"
    photo.write_bytes(png(320, 200))
    table.write_text("a,b\n1,2\n")
    page.write_text("<script>document.title = 'broken'</script>")
    visiting, working = open_browser(language=language.locale), open_browser(language=language.locale)
    visitor = Visitor(visiting, server.base_url)
    visitor.open()
    visitor.say("转人工" if language.locale == "zh" else "talk to a human")
    agent = Agent(working, server.base_url)
    agent.sign_in()
    agent.live()
    visitor.inside("picker").send_keys(f"{photo}\n{page}")
    states = f"return [...{WIDGET}.querySelectorAll('[data-testid=file]')].map((each) => each.dataset.state)"
    poll(lambda: visiting.run(states) == ["ready", "wrongKind"], 15, "one file taken and one refused")
    visiting.shoot(f"widget-files-chosen-{language.locale}")
    visitor.inside("send").click()
    loaded = "return [...{0}.querySelectorAll('[data-testid=image]')].map((each) => each.complete && each.naturalWidth)"
    poll(lambda: visiting.run(loaded.format(WIDGET)) == [320], 15, "the photo in the widget")
    agent.choose(conversation_of(visitor))
    thread = "document.getElementById('thread')"
    poll(lambda: working.run(loaded.format(thread)) == [320], 15, "the photo in the console")
    working.driver.find_element("css selector", "[data-testid=picker]").send_keys(str(table))
    states = f"return [...{thread}.querySelectorAll('[data-testid=file]')].map((each) => each.dataset.state)"
    poll(lambda: working.run(states) == ["ready"], 15, "the table taken")
    agent.say("ok")
    links = f"return [...{WIDGET}.querySelectorAll('a[data-testid=attachment]')].map((each) => each.textContent)"
    poll(lambda: visiting.run(links) == ["", "报价 offer.csv · 1 KB"], 15, "the table in the widget")
    visiting.shoot(f"widget-files-{language.locale}")
    working.shoot(f"console-files-{language.locale}")
    assert not visiting.overflows() and not working.overflows()
    assert "broken" not in visiting.driver.title
    assert working.complaints() == []
    # The browser itself remarks on the refused upload.
    assert all("415" in each for each in visiting.complaints())


def test_a_wrong_password_says_so(server, open_browser):
    browser = open_browser()
    agent = Agent(browser, server.base_url)
    agent.sign_in(password="not-the-password")
    assert browser.part("login-error").text
    browser.shoot("console-wrong-password")


def test_the_server_goes_away_and_comes_back(serve, upstream, open_browser):
    """What was typed meanwhile is kept, sent once, and answered; a reload shows it all again."""
    server = serve(**upstream.environment("ok"))
    browser = open_browser()
    visitor = Visitor(browser, server.base_url)
    visitor.open()
    visitor.say("What is Chat API?")
    visitor.sees(lambda each: each["kind"] == "ai" and each["status"] == "complete", "an answer")
    server.kill()
    visitor.in_phase("waiting")
    visitor.say("Are you still there?")
    browser.shoot("offline")
    waiting = visitor.sees(lambda each: each["text"] == "Are you still there?", "the kept message")
    assert waiting["status"] == "sending"
    server.start()
    visitor.in_phase("live", 60)
    poll(
        lambda: len([each for each in visitor.messages if each["kind"] == "ai" and each["status"] == "complete"]) == 2,
        30,
        "an answer to what was typed offline",
        every=0.05,
    )
    browser.shoot("back-again")
    before = [(each["kind"], each["text"]) for each in visitor.messages]
    assert [text for _, text in before].count("Are you still there?") == 1
    browser.driver.refresh()
    poll(lambda: browser.run("return Boolean(window.ChatAPIWidget)"), 15, "the widget again")
    visitor.open()
    poll(
        lambda: [(each["kind"], each["text"]) for each in visitor.messages] == before,
        15,
        "the same conversation after a reload",
        every=0.05,
    )


def test_words_are_never_markup(server, open_browser):
    visiting, working = open_browser(), open_browser()
    visitor = Visitor(visiting, server.base_url)
    visitor.open()
    attack = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>**bold**"
    visitor.say("talk to a human")
    visitor.say(attack)
    visitor.sees(lambda each: each["text"] == attack, "the words as they were typed")
    agent = Agent(working, server.base_url)
    agent.sign_in()
    agent.choose(conversation_of(visitor))
    agent.sees(lambda each: each["text"] == attack, "the words as they were typed")
    for browser in (visiting, working):
        assert "broken" not in browser.driver.title
        assert browser.complaints() == []


def test_it_fits_a_phone(server, open_browser):
    browser = open_browser(size=(500, 800))
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    )
    visitor = Visitor(browser, server.base_url)
    browser.shoot("phone-first-page")
    assert not browser.overflows()
    visitor.open()
    visitor.say("What is Chat API?")
    visitor.sees(lambda each: each["kind"] == "ai" and each["status"] == "complete", "an answer", 30)
    browser.shoot("phone-answered")
    assert not browser.overflows()
    agent = Agent(browser, server.base_url)
    agent.sign_in()
    agent.live()
    browser.shoot("phone-console")
    assert not browser.overflows()


def test_the_widget_on_another_sites_page(server, open_browser, tmp_path):
    script = f'<script src="{server.base_url}/widget.js" data-locale="en"></script>'
    (tmp_path / "index.html").write_text(f"<!doctype html><title>Shop</title><h1>A shop</h1>{script}")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        browser = open_browser()
        visitor = Visitor(browser, f"http://127.0.0.1:{site.server_port}/")
        visitor.open()
        visitor.say("What is Chat API?")
        visitor.sees(lambda each: each["kind"] == "ai" and each["status"] == "complete", "an answer", 30)
        browser.shoot("another-site")
        assert browser.run(f"return {WIDGET} !== null")
        site.shutdown()
