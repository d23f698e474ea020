"""What must not work, from browsers and from programs; and what happens when the case is taken away."""
import contextlib
import http.server
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse

from .cases import PAYLOAD
from .server import Server, all_paths, check, enter, go, problems

FOREIGN = """<!doctype html><title>elsewhere</title><body><script>
const server = "%s", said = {};
const noted = (name, promise) => promise.then(v => said[name] = v, e => said[name] = "refused");
window.done = Promise.all([
  noted("read", fetch(server + "/timeline?format=json", {credentials: "include"}).then(r => r.text())),
  noted("post", fetch(server + "/timeline", {method: "POST", credentials: "include", mode: "no-cors", body: new URLSearchParams({star: "1", token: "%s"})}).then(r => r.type)),
  noted("script", new Promise((yes, no) => { const s = document.createElement("script"); s.src = server + "/timeline?format=json"; s.onload = () => yes("loaded"); s.onerror = no; document.body.append(s); })),
  noted("frame", new Promise((yes) => { const f = document.createElement("iframe"); f.src = server + "/"; f.onload = () => { let t; try { t = f.contentDocument ? "empty" : "opaque"; } catch (e) { t = "opaque"; } yes(t); }; document.body.append(f); })),
]).then(() => said);
</script><form id="f" method="post" action="%s/timeline"><input name="star" value="1"><input name="token" value="%s"></form>"""


@contextlib.contextmanager
def elsewhere(text):
    """A page of somebody else's on this machine; gives its port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield served.server_port
    finally:
        served.shutdown()


def foreign_pages(browser, server):
    """A page of another site and one of another port, both with the cookie in the browser; a name that was made to point here.

    The browser takes `evil.test` for 127.0.0.1."""
    own, page = enter(browser, server, "own")
    go(page, server, "/timeline")
    stars = page.locator("button.star.on").count()
    token = page.locator("input[name=token]").first.get_attribute("value")
    with elsewhere(FOREIGN % (server.origin, token, server.origin, token)) as port:
        for host in ["evil.test", "127.0.0.1"]:
            other = own.new_page()
            other.goto(f"http://{host}:{port}/")
            said = other.evaluate("window.done")
            check(said["read"] == "refused", f"{host} reads the timeline: {said['read'][:60]}")
            check(said["script"] == "refused", f"{host} loads the timeline as a script")
            answer = []
            other.on("response", lambda one: answer.append(one.status) if one.url == server.origin + "/timeline" else None)
            with other.expect_navigation():
                other.evaluate("document.getElementById('f').submit()")
            check(answer == [403], f"a form of {host} was taken: {answer}")
            other.close()
    other = own.new_page()
    answer = other.goto(f"http://evil.test:{server.port}/")
    check(answer.status == 421, f"answered under another name: {answer.status}")
    answer = other.goto(f"http://evil.test:{server.port}/start?code={server.code}")
    check(answer.status == 421, "a code is taken under another name")
    go(page, server, "/timeline")
    check(page.locator("button.star.on").count() == stars, "a page elsewhere has starred something")
    own.close()


def two_browsers(browser, server):
    first, one = enter(browser, server, "first")
    second, two = enter(browser, server, "second")
    go(one, server, "/timeline")
    go(two, server, "/timeline")
    two.locator("button.star:not(.on)").nth(3).click()
    two.wait_for_selector("button.star.on")
    go(one, server, "/timeline")
    check(one.locator("button.star.on").count() == two.locator("button.star.on").count(), "one browser does not see the other's star")
    # The token of one is not good for the other.
    token = one.locator("input[name=token]").first.get_attribute("value")
    answer = two.request.post(server.origin + "/timeline", form={"token": token, "star": "1"}, headers={"Origin": server.origin})
    check(answer.status == 403, f"a foreign token was taken: {answer.status}")
    first.close()
    second.close()


def programs(server):
    """What only a program, not a browser, would send."""
    cookie, mine = server.state["cookies"][0], server.cookie
    check(cookie["httpOnly"] and cookie["sameSite"] == "Strict" and str(server.port) in cookie["name"], f"the cookie is {cookie}")
    status = lambda *a, **k: server.raw(*a, **k)[0].status
    check(status("GET", "/") == 401, "no cookie, but a page")
    check(status("GET", "/timeline?format=json") == 401, "no cookie, but data")
    check(status("GET", "/live") == 401, "no cookie, but told what is new")
    check(status("GET", f"/start?code={server.code}") == 403, "a code was taken twice")
    check(status("GET", "/start?code=aaaaaaaaaaaaaaaaaaaaaaaaaa") == 403, "a wrong code was taken")
    check(status("GET", "/start") == 403, "no code, but let in")
    check(status("HEAD", f"/start?code={server.code}") == 403, "a HEAD was let in")
    check(status("GET", "/", mine) == 200, "the cookie is not taken")
    check(status("GET", "/", {"Cookie": f"firebreak-1={cookie['value']}"}) == 401, "a cookie of another port was taken")
    for host in ["evil.example", f"evil.example:{server.port}", "127.0.0.1", f"127.0.0.1.evil.example:{server.port}", ""]:
        check(status("GET", "/", dict(mine, Host=host)) in (400, 421), f"Host {host} was answered")
    answer, _ = server.raw("GET", "/help", mine)
    token = server.token
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
    context, page = enter(browser, server, "hostile")
    planted = "document.querySelectorAll('main script, main img, main [onload], main [onerror], main [onmouseover]').length"
    for path in all_paths(page, server) + ["/timeline?q=" + urllib.parse.quote(PAYLOAD), "/sql?sql=" + urllib.parse.quote("SELECT '" + PAYLOAD.replace("'", "''") + "'"),
                                           "/report?audience=engineer"]:
        page.goto(server.origin + path)
        check(page.evaluate(planted) == 0, f"{path[:60]}: markup was planted")
        check("hunter2" not in page.content() and "abcdef123456" not in page.content(), f"{path[:60]}: a secret is shown")
    text = page.request.get(server.origin + "/fleet?format=csv").text()
    check("'=cmd()" in text, "a formula was not defused")
    # No format and no trick of SQL gives a secret.
    for path in ["/timeline?format=csv", "/timeline?format=json", "/event/1?format=json&list=event", "/timeline?format=json&list=facets"] + [
        "/sql?format=json&sql=" + urllib.parse.quote(one) for one in [
            "SELECT message FROM timeline", "SELECT substr(message, instr(message, 'password=') + 9, 7) FROM timeline", "SELECT hex(message) FROM timeline",
            "SELECT variables FROM event", "SELECT replace(variables, 'n', 'n ') FROM segment_1", "SELECT substr(fields, 2) FROM event",
            "SELECT group_concat(substr(text, 1, 5000)) FROM template", "SELECT DISTINCT substr(message, 100, 900) FROM main.timeline"]]:
        text = page.request.get(server.origin + path).text()
        check(not re.search("hunter2|abcdef123456|" + b"hunter2".hex(), text, re.I), f"a secret is in {urllib.parse.unquote(path)[:90]}")
    # Asking for a secret is written down, and gives it once.
    page.goto(server.origin + "/event/1")
    page.click("text=Show it, and write down that I did")
    page.wait_for_url("**reveal=*")
    check("hunter2" in page.content(), "the secret is not shown to who asked")
    page.reload()
    check("hunter2" not in page.content(), "the secret is shown again without asking")
    go(page, server, "/evidence/custody", "reveal")
    context.close()


def gone(browser, maker, case):
    """The case is replaced, then deleted, while somebody looks."""
    copy = maker.scratch / "copy.firebreak"
    shutil.copy(case, copy)
    with Server(maker, copy) as server:
        context = browser.new_context()
        page = context.new_page()
        page.goto(server.link)
        page.wait_for_url(server.origin + "/")
        other = maker.scratch / "other.firebreak"
        shutil.copy(case, other)
        os.replace(other, copy)
        page.wait_for_selector("#live:has-text('gone or was replaced')", timeout=15_000)
        answer = page.goto(server.origin + "/timeline")
        check(answer.status == 410 and "was replaced" in page.locator("h1").inner_text(), "a replaced case gives no clear page")
        copy.unlink()
        answer = page.goto(server.origin + "/")
        check(answer.status == 410 and "has gone" in page.locator("h1").inner_text(), "a deleted case gives no clear page")
        context.close()


def opened(maker, case):
    """`--open` gives the browser a file of the user's alone, never the code; the file goes with the server."""
    folder = maker.scratch / "runtime"
    folder.mkdir()
    program, said = folder / "browser", folder / "said"
    program.write_text(f'#!/bin/sh\nstat -c "%a" "$1" > {said}.new\nprintf "%s\\n" "$@" >> {said}.new\ncat "$1" >> {said}.new\nmv {said}.new {said}\n')
    program.chmod(0o755)
    env = dict(maker.env, BROWSER=str(program), XDG_RUNTIME_DIR=str(folder))
    process = subprocess.Popen([maker.binary, "serve", "--open", "--case", str(case)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    printed = process.stdout.readline().strip()
    for _ in range(100):
        if said.exists():
            break
        time.sleep(0.1)
    mode, path, *page = said.read_text().split("\n")
    check(mode == "600" and path.startswith(str(folder)) and "code=" not in path, f"the browser was given {mode} {path}")
    link = re.search(r"http://127\.0\.0\.1:\d+/start\?code=[a-z0-9]+", "\n".join(page))
    check(link and link[0] != printed, "the file does not lead to a link of its own")
    process.send_signal(signal.SIGINT)
    check(process.wait(20) in (0, 130) and not os.path.exists(path), "the file outlives the server")
    process.stdout.close()
    check("code=" not in process.stderr.read(), "the start code is in the log")


def empty(browser, maker):
    """A case with one event, without trace and inventory: every page says what there is not."""
    case = maker.one_event()
    with Server(maker, case) as server:
        context, page = enter(browser, server, "one event")
        for path in ["/", "/timeline", "/event/1", "/fleet", "/fleet?device=gw-1", "/response", "/report", "/evidence", "/evidence/damage",
                     "/evidence/refused", "/evidence/clocks", "/evidence/custody", "/sql", "/timeline?q=text:nowhere"]:
            go(page, server, path)
        go(page, server, "/cascade", "Not traced yet")
        page.click("text=Trace the case")
        page.wait_for_selector("text=No cascade was found")
        answer = page.goto(server.origin + "/event/99")
        check(answer.status == 404 and "There is no such event" in page.locator("h1").inner_text(), "an event that is not there")
        problems[:] = [p for p in problems if "one event: console: Failed to load resource: the server responded with a status of 404" not in p]
        context.close()
