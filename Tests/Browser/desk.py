"""Clicks through `firebreak serve` in a real browser. Usage: desk.py BINARY SAMPLES SCRATCH [WALK [PART…]]

On both samples and on a case with hostile text in every field: each page and interaction, in light and dark, at 360 px and for paper.
Nothing off the page's origin, no console message, no dialog, no sideways scroll, no serious axe finding; keyboard only; without
script; two browsers; foreign names, pages and programs; missing and replayed codes; the case replaced and deleted. Says what is wrong.
The walks have a browser and a server each and wait much: two go at the same time.
"""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
from playwright.sync_api import sync_playwright

from deskwalk import looks, people, refusals, works
from deskwalk.cases import Maker
from deskwalk.server import Server, attempt, problems

binary, samples, scratch = sys.argv[1:4]
scratch = pathlib.Path(scratch).resolve()
parts = sys.argv[5:]


def part(name, walk, *arguments):
    if not parts or name in parts:
        attempt(lambda: walk(*arguments))


def sample(browser, maker, name):
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


def hostile(browser, maker, name):
    case = maker.hostile()
    with Server(maker, case) as server:
        part("looks", looks.looks, browser, server, name)
        part("hostile", refusals.hostile, browser, server)
    part("opened", refusals.opened, maker, case)
    part("gone", refusals.gone, browser, maker, case)
    part("empty", refusals.empty, browser, maker)


WALKS = {"worm": sample, "firmware-cascade": sample, "hostile": hostile}


def walk(name):
    """One walk in this process."""
    maker = Maker(binary, pathlib.Path(samples).resolve(), scratch / name)
    maker.scratch.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        arguments = ["--no-sandbox", "--host-resolver-rules=MAP evil.test 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        WALKS[name](browser, maker, name)
        browser.close()
    for problem in dict.fromkeys(problems):
        print(f"{name}: {problem}")
    return 1 if problems else 0


def all_walks():
    """Each walk in a process of its own: Playwright serves one thread."""
    def run(name):
        done = subprocess.run([sys.executable, __file__, binary, samples, str(scratch), name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return f"{name}: exit {done.returncode}\n{done.stdout}", done.returncode

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(run, WALKS))
    for text, _ in answers:
        print(text)
    return 1 if any(code != 0 for _, code in answers) else 0


sys.exit(walk(sys.argv[4]) if len(sys.argv) > 4 else all_walks())
