"""Clicks through `firebreak serve` in a real browser. Usage: desk.py BINARY SAMPLES SCRATCH [SCREENSHOTS]

On both samples and on a case with hostile text in every field: each page and interaction, in light and dark and at 360 px.
Nothing off the page's origin, no console message, no dialog, no sideways scroll, no serious axe finding; keyboard only;
without script; two browsers; foreign Host, cross-origin POST, missing and replayed codes; the case replaced and deleted.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

binary, samples, scratch = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
shots = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None
problems = []
PAYLOAD = "<script>document.title='owned';alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>"
ENV = dict(os.environ, FIREBREAK_AUTHOR="ann@desk", TZ="Europe/Vienna", NO_COLOR="1")


def check(condition, words):
    if not condition:
        problems.append(words)


def firebreak(*arguments, accept=(0,), env=ENV):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, env=env)
    if done.returncode not in accept:
        sys.exit(f"firebreak {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr[-1500:]}")
    return done.stdout


def sample_case(name):
    folder, case = samples / name, scratch / f"{name}.firebreak"
    firebreak("ingest", folder / "evidence", "--case", case, "--inventory", folder / "inventory.csv", "--topology", folder / "topology.csv")
    firebreak("trace", "--case", case)
    return case


def hostile_case():
    folder = scratch / "hostile"
    folder.mkdir()
    log = folder / "a'<b onmouseover=alert(4)>.jsonl"
    lines = []
    for number in range(400):
        lines.append(json.dumps({
            "time": f"2025-02-22T02:{number // 60:02}:{number % 60:02}.000Z", "host": f"gw-{number % 7}{PAYLOAD}",
            "level": "error" if number % 3 == 0 else "info", "app": PAYLOAD, PAYLOAD: PAYLOAD,
            "msg": f"lost link {number} {PAYLOAD} \u202e\u0007 password=hunter2 token=abcdef123456"}))
    log.write_text("\n".join(lines) + f"\nnot json {PAYLOAD}\n")
    inventory = folder / "inventory.csv"
    inventory.write_text("device,site,<b>col\n" + "".join(
        f'"{("gw-%d" % n + PAYLOAD).replace(chr(34), chr(34) * 2)}","{PAYLOAD.replace(chr(34), chr(34) * 2)}","=cmd()"\n' for n in range(7)))
    topology = folder / "topology.csv"
    quoted = lambda text: '"' + text.replace('"', '""') + '"'
    topology.write_text("from,to,kind\n" + "".join(
        f"{quoted('gw-%d' % n + PAYLOAD)},{quoted('gw-%d' % ((n + 1) % 7) + PAYLOAD)},{quoted(PAYLOAD)}\n" for n in range(7)))
    case = scratch / "hostile.firebreak"
    firebreak("ingest", log, "--case", case, "--inventory", inventory, "--topology", topology, accept=(0, 3))
    firebreak("trace", "--case", case, accept=(0, 1))
    firebreak("note", "1", PAYLOAD, "--case", case, "--author", PAYLOAD)
    firebreak("note", "1", "--tag", PAYLOAD, "--case", case)
    firebreak("note", "--set", f"customerImpact={PAYLOAD}", "--case", case)
    database = sqlite3.connect(case)
    for sequence, kind in enumerate(["run_started", "approved", "step_started", "intent", "result", "intent", "halted"], 1):
        database.execute(
            "INSERT INTO journal VALUES (NULL, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
            (PAYLOAD, sequence, 1740192000000000000 + sequence * 60_000_000_000, kind, PAYLOAD if sequence > 2 else None,
             f"gw-{sequence}{PAYLOAD}" if sequence in (4, 5, 6) else None, "failed" if kind == "result" else None,
             json.dumps({"text": PAYLOAD, "reason": "unreachable"}), "0" * 64))
    database.commit()
    database.close()
    return case


class Server:
    def __init__(self, case):
        self.process = subprocess.Popen(
            [binary, "serve", "--case", str(case)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)
        self.link = self.process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/start\?code=([a-z0-9]+)", self.link)
        if not found:
            sys.exit(f"no start link: {self.link!r} {self.process.stderr.read()}")
        self.port, self.code = int(found[1]), found[2]
        self.origin = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            check(self.process.wait(20) in (0, 130), f"serve ended with {self.process.returncode}")
        except subprocess.TimeoutExpired:
            self.process.kill()
            problems.append("serve did not end on Ctrl-C")

    def raw(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        given = {"Host": f"127.0.0.1:{self.port}"}
        given.update(headers or {})
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in given.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Type", "application/x-www-form-urlencoded")
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() if body is not None else None)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        return answer, text


def watch(page, server, name):
    def request(item):
        if not item.url.startswith(server.origin + "/") and not item.url.startswith("data:"):
            problems.append(f"{name}: request to {item.url[:90]}")

    page.on("request", request)
    page.on("console", lambda message: problems.append(f"{name}: console: {message.text[:200]}"))
    page.on("pageerror", lambda error: problems.append(f"{name}: page error: {error}"))
    page.on("dialog", lambda dialog: (problems.append(f"{name}: dialog {dialog.message[:60]}"), dialog.dismiss()))


def enter(browser, server, name, link=None, **options):
    context = browser.new_context(**options)
    page = context.new_page()
    watch(page, server, name)
    page.goto(link or server.link)
    page.wait_for_url(server.origin + "/")
    return context, page


def go(page, server, path, words=None):
    answer = page.goto(server.origin + path)
    check(answer.status == 200, f"{path[:80]}: {answer.status}")
    check(page.locator("h1").first.inner_text().strip() != "", f"{path[:80]}: no heading")
    check(page.title() != "owned" and "owned" not in page.title().split("<")[0], f"{path[:80]}: a planted script ran")
    if words:
        check(words in page.locator("main").inner_text(), f"{path[:80]}: does not say '{words}'")


def first_device(page, server):
    rows = page.request.get(server.origin + "/fleet?format=json").json()["rows"]
    return urllib.parse.quote(rows[0]["device"]) if rows else ""


def all_paths(page, server):
    """Every page of a case, those about one thing with the first such thing."""
    device = first_device(page, server)
    event = page.request.get(server.origin + "/timeline?format=json").json()["rows"][0]["id"]
    paths = ["/", "/timeline", "/timeline?q=severity%3E%3Derror&order=newest", f"/event/{event}", f"/event/{event}?raw=1", "/cascade", "/fleet",
             f"/fleet?device={device}", "/fleet?show=silent", "/response", "/report", "/evidence", "/evidence?source=1", "/evidence/damage",
             "/evidence/refused", "/evidence/clocks", "/evidence/custody", "/sql", "/sql?sql=SELECT%20*%20FROM%20device_summary%20LIMIT%205", "/help"]
    runs = page.request.get(server.origin + "/response?format=json").json()["rows"]
    if runs:
        paths.append("/response?run=" + urllib.parse.quote(runs[0]["run"]))
    edges = page.request.get(server.origin + "/cascade?format=json&list=edges").json()["rows"]
    if edges:
        paths.append("/cascade?why=" + urllib.parse.quote(f"{edges[0]['from']}->{edges[0]['to']}"))
    return paths


def looks(browser, server, name):
    """Every page, wide and narrow, light and dark: reachable, no sideways scroll, axe."""
    for scheme in ["light", "dark"]:
        context, page = enter(browser, server, f"{name} {scheme}", color_scheme=scheme, viewport={"width": 1280, "height": 900},
                              link=another(server)) if scheme == "dark" else enter(
            browser, server, f"{name} {scheme}", color_scheme=scheme, viewport={"width": 1280, "height": 900})
        server.state = context.storage_state()
        paths = all_paths(page, server)
        for path in paths:
            for width in [1280, 360]:
                page.set_viewport_size({"width": width, "height": 900})
                go(page, server, path)
                scroll = page.evaluate("document.documentElement.scrollWidth")
                check(scroll <= width, f"{name} {path[:60]} {scheme}: {scroll} px wide at {width}")
                if shots and name != "hostile":
                    slug = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:40] or "overview"
                    page.screenshot(path=shots / f"{name}-{slug}-{scheme}-{width}.png", full_page=True)
        context.close()
        # axe has to run a script, which the policy rightly forbids: one run without the policy.
        context = browser.new_context(color_scheme=scheme, bypass_csp=True, storage_state=server.state)
        page = context.new_page()
        for path in paths:
            page.goto(server.origin + path)
            for finding in Axe().run(page).response["violations"]:
                if finding["impact"] in ("serious", "critical"):
                    node = finding["nodes"][0]
                    problems.append(f"{name} {path[:60]} {scheme}: axe {finding['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}")
        context.close()


def another(server):
    """A start link for another browser, made through the page of one that is in."""
    cookie = server.state["cookies"][0]
    headers = {"Cookie": f"{cookie['name']}={cookie['value']}"}
    _, text = server.raw("GET", "/help", headers)
    token = re.search(r'name="token" value="([a-z0-9]+)"', text)[1]
    answer, text = server.raw("POST", "/link", dict(headers, Origin=server.origin), f"token={token}")
    check(answer.status == 200, f"/link: {answer.status}")
    return re.search(r'id="start-link">([^<]+)<', text)[1].replace("&amp;", "&")


def works(browser, server, case):
    """Clicks through what a person does."""
    context, page = enter(browser, server, "works", link=another(server), viewport={"width": 1280, "height": 900})
    go(page, server, "/")
    check(page.locator("figure svg").count() >= 2, "the overview has no drawings")
    # Timeline: search, facet, brush.
    page.click("nav >> text=Timeline")
    page.fill("#search", "severity>=error")
    page.press("#search", "Enter")
    page.wait_for_url("**/timeline?q=severity*")
    check(page.locator("tr[data-row]").count() > 0, "no errors listed")
    page.locator(".facets details li a").nth(1).click()
    page.wait_for_load_state()
    check("q=" in page.url and page.locator(".facets a[aria-current]").count() >= 1, "a facet did not narrow the question")
    go(page, server, "/timeline")
    box = page.locator("svg[data-start]").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=5)
    page.mouse.up()
    page.wait_for_url("**since=*")
    check("until=" in page.url and page.locator("tr[data-row]").count() > 0, "the brush gave nothing")
    before = page.url
    page.click("a[rel=next]") if page.locator("a[rel=next]").count() else None
    page.goto(before)
    # Keyboard: j, s, Enter, e, /, ?.
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("s")
    page.wait_for_load_state()
    page.wait_for_selector("button.star.on")
    go(page, server, "/timeline?q=tag%3Astar")
    check(page.locator("tr[data-row]").count() == 1, "the star is not in the case")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/event/*")
    event = page.url.split("/event/")[1].split("?")[0]
    page.click("#raw")
    page.wait_for_url("**raw=1*")
    raw = page.locator("figure.raw code").inner_text()
    shown = json.loads(firebreak("show", event, "--case", case, "--format", "json"))
    check(shown["raw"].strip()[:40] in raw, "the raw line is another than show's")
    check(shown["sha256"] in page.content(), "no SHA-256")
    page.click(".tabs >> text=same site")
    page.wait_for_url("**scope=site*")
    check(page.locator("tr.current").count() == 1, "the event is not in its context")
    page.fill("textarea[name=note]", "seen on the page")
    page.click("text=Keep the note")
    page.wait_for_load_state()
    page.fill("input[name=tag]", "suspect")
    page.click("text=Tag it")
    page.wait_for_load_state()
    notes = json.loads(firebreak("note", "--case", case, "--format", "json"))["rows"]
    kept = [note for note in notes if note["text"] == "seen on the page"]
    check(kept and kept[0]["author"] == "ann@desk" and kept[0]["event"] == int(event), "the note is not in the case with its author")
    check(any(note["value"] == "suspect" for note in notes), "the tag is not in the case")
    page.click("#star")
    page.wait_for_load_state()
    check("☆" in page.locator("#star").inner_text(), "the star was not taken back")
    # Cascade: open, why, accept, trace again.
    go(page, server, "/cascade")
    page.locator("a.fold[aria-expanded=true]").first.click()
    page.wait_for_url("**open=*")
    page.locator("#branches a:text-is('Why')").first.click()
    page.wait_for_url("**why=*")
    check(page.locator("#why a[href^='/event/']").count() > 0, "why cites no event")
    check("%" in page.locator("#why").inner_text(), "why has no probability")
    page.fill("#why input[name=because]", "checked by hand")
    page.click("#why >> text=It is right")
    page.wait_for_load_state()
    check(page.locator(".verdict.accept").count() > 0, "the verdict is not shown")
    page.click("text=Trace again with what people say")
    page.wait_for_url("**/cascade", timeout=120_000)
    check("Trace 2" in page.locator("main").inner_text(), "it was not traced again")
    # Fleet: a place, a device, a search.
    go(page, server, "/fleet")
    check(page.locator("#cohorts-t, #places-t").count() == 2, "no heat map or cohorts")
    page.locator("p.soft a").first.click()
    page.wait_for_url("**attr=*")
    page.locator("#devices tr[data-row] a").first.click()
    page.wait_for_url("**device=*")
    check("Neighbours" in page.locator("main").inner_text(), "no neighbours")
    # Report: say something, a clock, a preview.
    go(page, server, "/report")
    missing = page.locator("#missing form").count()
    page.locator("#missing form input[name=value]").nth(2).fill("Nobody could open a door.")
    page.locator("#missing form button").nth(2).click()
    page.wait_for_load_state()
    check(page.locator("#missing form").count() == missing - 1, "what was said is not provided")
    page.locator("#clocks-answers form input[name=aware]").first.fill("2025-02-22T03:00:00Z")
    page.locator("#clocks-answers form button").first.click()
    page.wait_for_load_state()
    go(page, server, "/", "overdue by")
    go(page, server, "/report?audience=executive", "Summary")
    check(page.locator(".doc svg").count() >= 0 and page.locator(".doc section").count() >= 3, "the preview is empty")
    check("Nobody could open a door." in page.locator(".doc").inner_text(), "the preview does not hold what was said")
    # Evidence and custody.
    go(page, server, "/evidence")
    page.locator("tr[data-row] a").first.click()
    page.wait_for_url("**source=*")
    go(page, server, "/evidence/custody", "holds. Its head")
    # SQL: run, keep, refuse, stop.
    go(page, server, "/sql")
    page.fill("textarea[name=sql]", "SELECT count(*) AS n FROM event")
    page.click("text=Run it")
    page.wait_for_url("**sql=*")
    check(page.locator("tr[data-row]").count() == 1, "SQL gave no row")
    page.fill("input[name=name]", "how many")
    page.click("button:text-is('Keep')")
    page.wait_for_load_state()
    check("how many" in page.locator("main").inner_text(), "the statement was not kept")
    for bad in ["DELETE FROM note", "ATTACH 'x' AS y", "PRAGMA query_only = 0", "SELECT load_extension('x')"]:
        page.goto(server.origin + "/sql?sql=" + urllib.parse.quote(bad))
        check(page.locator("[role=alert]").count() == 1, f"SQL was not refused: {bad}")
    # A mistake in the query language is shown with its place.
    page.goto(server.origin + "/timeline?q=severity:eror")
    check("no severity" in page.locator("[role=alert]").inner_text() and "^" in page.locator("pre.caret").inner_text(), "the mistake is not shown")
    # Formats at the same address.
    for path in ["/", "/timeline", "/cascade", "/cascade?list=tree", "/cascade?list=onsets", "/fleet", "/fleet?list=cohorts", "/response", "/report",
                 "/evidence", "/evidence/custody", "/evidence/refused", "/sql?sql=SELECT%201", f"/event/{event}"]:
        answer = page.request.get(server.origin + path, headers={"Accept": "application/json"})
        check(answer.status == 200 and answer.json()["schema"].startswith("firebreak.page."), f"{path} as JSON")
        mark = "&" if "?" in path else "?"
        answer = page.request.get(server.origin + path + mark + "format=csv")
        check(answer.status == 200 and answer.headers["content-type"].startswith("text/csv"), f"{path} as CSV")
    # Live: somebody else writes.
    go(page, server, "/timeline")
    page.wait_for_timeout(1500)
    firebreak("note", "from the terminal", "--case", case)
    page.wait_for_selector("#live a", timeout=15_000)
    check("new notes" in page.locator("#live").inner_text(), "what others write is not announced")
    context.close()


def keyboard(browser, server):
    """Without a mouse: skip link, navigation, rows, help."""
    context, page = enter(browser, server, "keyboard", link=another(server))
    page.keyboard.press("Tab")
    check(page.evaluate("document.activeElement.className") == "skip", "the first stop is not the skip link")
    page.keyboard.press("Enter")
    check(page.evaluate("document.activeElement.id") == "main", "the skip link does not skip")
    page.keyboard.press("/")
    page.wait_for_url("**/timeline#search")
    page.keyboard.press("/")
    check(page.evaluate("document.activeElement.id") == "search", "/ does not lead to the search")
    page.keyboard.type("severity>=error")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")
    page.keyboard.press("e")
    check(page.evaluate("!!document.activeElement.closest('tr.bad')"), "e does not find an error")
    page.keyboard.press("Enter")
    page.wait_for_url("**/event/*")
    page.keyboard.press("?")
    page.wait_for_url("**/help")
    stops = 0
    for _ in range(12):
        page.keyboard.press("Tab")
        stops += page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'")
    check(stops >= 10, "the focus cannot be seen")
    context.close()


def without_script(browser, server):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    watch(page, server, "no script")
    page.goto(another(server))
    page.click("a.button")
    for path in all_paths(page, server):
        go(page, server, path)
    go(page, server, "/timeline")
    page.fill("#search", "severity>=error")
    page.click("text=Search >> nth=-1")
    check(page.locator("tr[data-row]").count() > 0, "no search without script")
    context.close()


def two_browsers(browser, server):
    first, one = enter(browser, server, "first", link=another(server))
    second, two = enter(browser, server, "second", link=another(server))
    go(one, server, "/timeline")
    go(two, server, "/timeline")
    two.locator("button.star").nth(3).click()
    two.wait_for_selector("button.star.on")
    go(one, server, "/timeline")
    check(one.locator("button.star.on").count() == 1, "one browser does not see the other's star")
    # The token of one is not good for the other.
    token = one.locator("input[name=token]").first.get_attribute("value")
    answer = two.request.post(server.origin + "/timeline", form={"token": token, "star": "1"}, headers={"Origin": server.origin})
    check(answer.status == 403, f"a foreign token was taken: {answer.status}")
    first.close()
    second.close()


def refused(server):
    """What only a program, not a browser, would send."""
    cookie = server.state["cookies"][0]
    check(cookie["httpOnly"] and cookie["sameSite"] == "Strict" and str(server.port) in cookie["name"], f"the cookie is {cookie}")
    mine = {"Cookie": f"{cookie['name']}={cookie['value']}"}
    status = lambda *a, **k: server.raw(*a, **k)[0].status
    check(status("GET", "/") == 401, "no cookie, but a page")
    check(status("GET", "/timeline?format=json") == 401, "no cookie, but data")
    check(status("GET", f"/start?code={server.code}") == 403, "a code was taken twice")
    check(status("GET", "/start?code=aaaaaaaaaaaaaaaaaaaaaaaaaa") == 403, "a wrong code was taken")
    check(status("GET", "/start") == 403, "no code, but let in")
    check(status("GET", "/", mine) == 200, "the cookie is not taken")
    check(status("GET", "/", {"Cookie": f"firebreak-1={cookie['value']}"}) == 401, "a cookie of another port was taken")
    for host in ["evil.example", f"evil.example:{server.port}", "127.0.0.1", f"127.0.0.1.evil.example:{server.port}", ""]:
        check(status("GET", "/", dict(mine, Host=host)) in (400, 421), f"Host {host} was answered")
    answer, text = server.raw("GET", "/help", mine)
    token = re.search(r'name="token" value="([a-z0-9]+)"', text)[1]
    body = f"token={token}&star=1"
    for origin in ["http://evil.example", "null", f"http://127.0.0.1:{server.port + 1}", f"https://127.0.0.1:{server.port}"]:
        check(status("POST", "/timeline", dict(mine, Origin=origin), body=body) == 403, f"a POST from {origin} was taken")
    check(status("POST", "/timeline", mine, body=body) == 403, "a POST without Origin was taken")
    own = dict(mine, Origin=server.origin)
    check(status("POST", "/timeline", own, body="star=1") == 403, "a POST without token was taken")
    check(status("POST", "/timeline", dict(own, **{"Sec-Fetch-Site": "cross-site"}), body=body) == 403, "a cross-site POST was taken")
    check(status("GET", "/timeline", dict(mine, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})) == 403, "a cross-site fetch was answered")
    for method in ["PUT", "DELETE", "OPTIONS", "TRACE"]:
        check(status(method, "/", mine) == 405, f"{method} was answered")
    check(status("GET", "/" + "a" * 20_000, mine) == 431, "a long address was read")
    check(status("POST", "/timeline", own, body="token=" + "a" * 300_000) == 413, "a long form was read")
    headers = {name.lower(): value for name, value in answer.getheaders()}
    policy = headers["content-security-policy"]
    check("default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, f"policy {policy}")
    check(headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer", "headers are missing")
    check(not [name for name in headers if name.startswith("access-control")], "CORS is answered")
    check(headers["cache-control"] == "no-store", "pages are kept by caches")
    for attempt in ["/assets/../../etc/passwd", "/assets/%2e%2e/x", "/..%2f..%2fetc/passwd"]:
        check(status("GET", attempt, mine) in (400, 404), f"{attempt} was answered")
    arguments = pathlib.Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    check(server.code.encode() not in arguments, "the code is in the argument list")


def hostile(browser, server):
    context, page = enter(browser, server, "hostile", link=another(server))
    for path in all_paths(page, server) + ["/timeline?q=" + urllib.parse.quote(PAYLOAD), "/sql?sql=" + urllib.parse.quote("SELECT '" + PAYLOAD.replace("'", "''") + "'"),
                                           "/report?audience=engineer"]:
        page.goto(server.origin + path)
        check(page.evaluate("document.querySelectorAll('main script, main img, main [onload], main [onerror], main [onmouseover]').length") == 0, f"{path[:60]}: markup was planted")
        check("hunter2" not in page.content(), f"{path[:60]}: a secret is shown")
    text = page.request.get(server.origin + "/fleet?format=csv").text()
    check("'=cmd()" in text, "a formula was not defused")
    check("hunter2" not in page.request.get(server.origin + "/timeline?format=csv").text(), "a secret is in the CSV")
    # Asking for a secret is written down, and gives it once.
    page.goto(server.origin + "/event/1")
    page.click("text=Show it, and write down that I did")
    page.wait_for_url("**reveal=*")
    check("hunter2" in page.content(), "the secret is not shown to who asked")
    page.reload()
    check("hunter2" not in page.content(), "the secret is shown again without asking")
    go(page, server, "/evidence/custody", "reveal")
    context.close()


def gone(browser, case):
    """The case is replaced, then deleted, while somebody looks."""
    copy = scratch / "copy.firebreak"
    shutil.copy(case, copy)
    with Server(copy) as server:
        context = browser.new_context()
        page = context.new_page()
        page.goto(server.link)
        page.wait_for_url(server.origin + "/")
        other = scratch / "other.firebreak"
        shutil.copy(case, other)
        os.replace(other, copy)
        answer = page.goto(server.origin + "/timeline")
        check(answer.status == 410 and "was replaced" in page.locator("h1").inner_text(), "a replaced case gives no clear page")
        copy.unlink()
        answer = page.goto(server.origin + "/")
        check(answer.status == 410 and "has gone" in page.locator("h1").inner_text(), "a deleted case gives no clear page")
        context.close()


def empty(browser):
    """A case without a trace, and one with a single event."""
    log = scratch / "one.log"
    log.write_text("<25>1 2025-02-22T02:30:53.991Z gw-1 agentd 1 - - one line\n")
    case = scratch / "one.firebreak"
    firebreak("ingest", log, "--case", case)
    with Server(case) as server:
        context, page = enter(browser, server, "one event")
        for path in ["/", "/timeline", "/event/1", "/cascade", "/fleet", "/fleet?device=gw-1", "/response", "/report", "/evidence", "/evidence/damage",
                     "/evidence/refused", "/evidence/clocks", "/evidence/custody", "/sql"]:
            go(page, server, path)
        go(page, server, "/cascade", "Not traced yet")
        page.click("text=Trace the case")
        page.wait_for_load_state()
        answer = page.goto(server.origin + "/event/99")
        check(answer.status == 404, "an event that is not there")
        problems[:] = [p for p in problems if "one event: console: Failed to load resource: the server responded with a status of 404" not in p]
        context.close()


scratch.mkdir(parents=True, exist_ok=True)
if shots:
    shots.mkdir(parents=True, exist_ok=True)
started = time.monotonic()
with sync_playwright() as playwright:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
    for name in ["firmware-cascade", "worm"]:
        case = sample_case(name)
        with Server(case) as server:
            looks(browser, server, name)
            works(browser, server, case)
            if name == "worm":
                keyboard(browser, server)
                without_script(browser, server)
                two_browsers(browser, server)
                refused(server)
    case = hostile_case()
    with Server(case) as server:
        looks(browser, server, "hostile")
        hostile(browser, server)
    gone(browser, case)
    empty(browser)
    browser.close()

for problem in dict.fromkeys(problems):
    print(problem)
print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
sys.exit(1 if problems else 0)
