"""Clicks through `firebreak serve` in a real browser. Usage: desk.py BINARY SAMPLES SCRATCH [PART…]

On both samples and on a case with hostile text in every field: each page and interaction, in light and dark, at 360 px and for paper.
Nothing off the page's origin, no console message, no dialog, no sideways scroll, no serious axe finding; keyboard only; without
script; two browsers; foreign names, pages and programs; missing and replayed codes; the case replaced and deleted. Says what is wrong.
"""
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
from playwright.sync_api import sync_playwright

from deskwalk import looks, people, refusals, works
from deskwalk.cases import Maker
from deskwalk.server import Server, attempt, problems

maker = Maker(sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3]).resolve())
parts = sys.argv[4:]
maker.scratch.mkdir(parents=True, exist_ok=True)


def part(name, walk, *arguments):
    if not parts or name in parts:
        attempt(lambda: walk(*arguments))


with sync_playwright() as playwright:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--host-resolver-rules=MAP evil.test 127.0.0.1"])
    for name in ["firmware-cascade", "worm"]:
        case = maker.sample(name)
        if name == "worm":
            maker.judge(case)
        with Server(maker, case) as server:
            context = browser.new_context()
            page = context.new_page()
            page.goto(server.link)
            page.wait_for_url(server.origin + "/")
            server.state = context.storage_state()
            context.close()
            part("looks", looks.looks, browser, server, name)
            part("works", works.works, browser, server, maker, case)
            if name == "worm":
                part("keyboard", people.keyboard, browser, server)
                part("no script", people.without_script, browser, server)
                part("two browsers", refusals.two_browsers, browser, server)
                part("foreign pages", refusals.foreign_pages, browser, server)
                part("programs", refusals.programs, server)
    case = maker.hostile()
    with Server(maker, case) as server:
        part("looks", looks.looks, browser, server, "hostile")
        part("hostile", refusals.hostile, browser, server)
    part("opened", refusals.opened, maker, case)
    part("gone", refusals.gone, browser, maker, case)
    part("empty", refusals.empty, browser, maker)
    browser.close()

for problem in dict.fromkeys(problems):
    print(problem)
sys.exit(1 if problems else 0)
