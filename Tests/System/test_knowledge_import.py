"""Knowledge from files, by the command and over HTTP, and from wrong answers: up to what customers are told."""

import asyncio
from pathlib import Path

import pytest

from api import Api, admin, expect
from browser import Agent
from client import Socket
from processes import poll
from telling import answered, arrive
from test_browser import open_browser  # noqa: F401

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quibble blankets &ndash; Acme</title>
<script>document.write("<h1>no</h1>")</script></head><body><nav><a href="/">Home</a></nav>
<main><article><h1>How do I wash a quibble blanket?</h1><p>Wash it at thirty degrees &amp; dry it flat.
<ul><li>No bleach<li>No iron</ul></article></main><footer>&copy; Acme</footer></body></html>"""
TABLE = '问题,答案\n"怎么预约洗龙虾？|龙虾能洗吗",请在小程序里预约清洗龙虾服务。\n'
MARKDOWN = """---
locale: en
questions: [Can I frobnicate at night?]
---
# Frobnication

Frobnicating is allowed until ten at night.
"""


@pytest.fixture
def files(tmp_path) -> Path:
    folder = tmp_path / "help"
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "blanket.html").write_text(PAGE)
    (folder / "faq.csv").write_bytes(TABLE.encode("gbk"))
    (folder / "frobnicate.md").write_text(MARKDOWN)
    return folder


def articles(staff: Api) -> dict[str, dict]:
    return {each["title"]: each for each in staff.listed("admin/knowledge/articles")}


def imported(server, *arguments: str, status: int = 0) -> list[str]:
    done = server.run("knowledge", "import", *map(str, arguments))
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout.splitlines()


async def ask(server, public: Api, question: str) -> dict:
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket:
        await socket.say(question, "q-1")
        return {**await answered(socket), "visit": visit}


async def test_a_folder_becomes_what_customers_are_told(serve, files):
    server = serve(AI_PROVIDERS="builtin")
    public, staff = Api(server.base_url), admin(server)
    assert imported(server, files, "--dry-run")[-1].endswith("3 created")
    assert "Frobnication" not in articles(staff)

    assert imported(server, files)[-1] == "3 files: 3 created"
    assert articles(staff)["Frobnication"]["status"] == "draft"
    assert "thirty degrees" not in (await ask(server, public, "How do I wash a quibble blanket?"))["content"]

    assert imported(server, files, "--publish")[-1] == "3 files: 3 updated"
    for question, answer, title in [
        ("How do I wash a quibble blanket?", "thirty degrees & dry", "How do I wash a quibble blanket?"),
        ("龙虾能洗吗？", "小程序", "怎么预约洗龙虾？"),
        ("Can I frobnicate at night?", "until ten", "Frobnication"),
    ]:
        message = await ask(server, public, question)
        assert answer in message["content"], message
        assert message["sources"][0]["title"] == title, message


def test_the_same_again_changes_nothing_and_what_is_gone_is_drafted(serve, files):
    server = serve()
    staff = admin(server)
    imported(server, files, "--publish")
    before = articles(staff)
    assert imported(server, files, "--publish")[-1] == "3 files: 3 unchanged"
    assert articles(staff) == before

    (files / "frobnicate.md").write_text(MARKDOWN.replace("ten", "nine"))
    (files / "bad.md").write_text("---\nlocale: !\n---\nx")
    lines = imported(server, files, status=65)
    assert "help/frobnicate.md: 1 published and different" in lines, lines
    assert articles(staff) == before
    (files / "bad.md").unlink()

    (files / "pages" / "blanket.html").unlink()
    lines = imported(server, files, "--publish", "--prune")
    assert lines[-1] == "2 files: 1 updated, 1 unchanged, 1 drafted", lines
    after = articles(staff)
    assert after["How do I wash a quibble blanket?"]["status"] == "draft"
    assert after["Frobnication"]["version"] == 2 and "nine" in after["Frobnication"]["content"]
    # What did not come from the folder is nobody's to prune.
    assert sum(each["status"] == "published" for each in after.values()) == len(before) - 1


def test_without_a_server_the_command_does_it_alone(serve, files):
    server = serve()
    server.stop()
    if server.run("knowledge", "import", str(files)).returncode != 0:
        pytest.fail("the import needs a server")
    server.start()
    assert "Frobnication" in articles(admin(server))


def test_uploaded_files_are_told_one_by_one(serve):
    server = serve()
    staff = admin(server)
    form = [
        ("file", ("page.html", PAGE.encode(), "text/html")),
        ("file", ("faq.csv", TABLE.encode("gbk"), "text/csv")),
        ("file", ("bad.csv", b"question,answer\nWhy?,\n", "text/csv")),
    ]
    for outcome in ["created", "unchanged"]:
        answer = staff.request("POST", "admin/knowledge/import?status=published", files=form)
        told = {each["name"]: each for each in expect(answer, 200)["files"]}
        assert [each["outcome"] for each in told["upload/page.html"]["articles"]] == [outcome]
        assert [each["outcome"] for each in told["upload/faq.csv"]["articles"]] == [outcome]
        assert told["upload/bad.csv"]["articles"] == []
        assert told["upload/bad.csv"]["problems"] == [{"line": 2, "message": "the answer is missing"}]


async def test_a_wrong_answer_is_corrected_for_the_next_customer(serve):
    server = serve(AI_PROVIDERS="builtin")
    public, staff = Api(server.base_url), admin(server)
    question = "What is Chat API good for on the moon?"
    wrong = await ask(server, public, question)
    conversation = wrong["visit"].conversation_id
    staff.switch(conversation, "human", agent_id="me")
    staff.say(conversation, "On the moon Chat API answers astronauts.")
    path = f"chat/conversations/{conversation}/messages/{wrong['id']}/correction"

    draft = expect(await asyncio.to_thread(staff.post, path), 201)
    assert draft["status"] == "draft" and draft["questions"] == [question], draft
    assert draft["content"] == "On the moon Chat API answers astronauts.", draft
    again = [await asyncio.to_thread(staff.post, path) for _ in range(3)]
    assert [expect(each, 200)["id"] for each in again] == [draft["id"]] * 3
    expect(public.caller(wrong["visit"].token).post(path), 403, "forbidden")

    assert "astronauts" not in (await ask(server, public, question))["content"]
    expect(staff.patch(f"admin/knowledge/articles/{draft['id']}", {"status": "published"}), 200)
    right = await ask(server, public, question)
    assert "astronauts" in right["content"] and right["sources"][0]["title"] == question, right
    log = expect(staff.get("admin/audit-log", action="article.created"), 200)["items"]
    assert [each["after"]["source"] for each in log if "source" in each["after"]] == [f"correction:{wrong['id']}"]


def test_the_console_shows_how_an_answer_came_about_and_makes_an_article_of_a_wrong_one(serve, open_browser):  # noqa: F811
    server = serve(AI_PROVIDERS="builtin")
    public, staff = Api(server.base_url), admin(server)
    visit = public.visit()
    public.caller(visit.token).say(visit.conversation_id, "Chat API 是什么？")

    def settled():
        return [each for each in staff.messages(visit.conversation_id) if each["status"] == "complete"]

    poll(settled, 15, "an answer")
    browser = open_browser(language="zh")
    agent = Agent(browser, server.base_url)
    agent.sign_in()
    agent.live()
    agent.choose(visit.conversation_id)
    agent.press("show-receipt")
    poll(lambda: "builtin" in browser.part("answer-panel").text, 5, "the receipt")
    browser.shoot("console-receipt")
    agent.press("wrong-answer")
    browser.part("correction").send_keys("Chat API 是一个聊天平台。")
    agent.press("save-correction")
    poll(lambda: "知识草稿" in browser.part("answer-panel").text, 5, "the draft")
    browser.shoot("console-correction")
    agent.press("publish-correction")
    poll(lambda: "已发布" in browser.part("answer-panel").text, 5, "the published article")
    made = [each for each in staff.listed("admin/knowledge/articles") if each["content"] == "Chat API 是一个聊天平台。"]
    assert [each["status"] for each in made] == ["published"], made
    assert browser.complaints() == []
