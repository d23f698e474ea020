"""A running `firebreak serve`, browsers that were let in, and what was found wrong."""
import http.client
import json
import re
import signal
import subprocess
import sys
import time
import traceback
import urllib.parse

from playwright.sync_api import Error

from .cases import ENV

problems = []


def check(condition, words):
    if not condition:
        problems.append(words)


def attempt(step):
    """One step; that it stopped is a problem like another, and the rest is walked all the same."""
    started = time.monotonic()
    try:
        step()
    except Error as error:
        place = traceback.extract_tb(error.__traceback__)
        mine = [frame for frame in place if "deskwalk" in frame.filename]
        problems.append(f"{mine[-1].name}, line {mine[-1].lineno}: {mine[-1].line}: {str(error)[:300]}")
    name = step.__name__ if step.__name__ != "<lambda>" else next(iter(step.__code__.co_names), None) or step.__closure__[-1].cell_contents.__name__
    print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr)


class Server:
    def __init__(self, maker, case):
        self.maker, self.case, self.state = maker, case, None

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.maker.binary, "serve", "--case", str(self.case)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV, cwd=self.maker.folder)
        self.link = self.process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/start\?code=([a-z0-9]+)", self.link)
        if not found:
            sys.exit(f"no start link: {self.link!r} {self.process.stderr.read()}")
        self.port, self.code = int(found[1]), found[2]
        self.origin = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            check(self.process.wait(20) in (0, 130), f"serve ended with {self.process.returncode}")
        except subprocess.TimeoutExpired:
            self.process.kill()
            problems.append("serve did not end on Ctrl-C")
        log = self.process.stderr.read()
        check("code=" not in log and self.code not in log, "the start code is in the log")

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

    @property
    def cookie(self):
        found = self.state["cookies"][0]
        return {"Cookie": f"{found['name']}={found['value']}"}

    @property
    def token(self):
        return re.search(r'name="token" value="([a-z0-9]+)"', self.raw("GET", "/help", self.cookie)[1])[1]

    def another_link(self):
        """A start link for another browser, made through the page of one that is in."""
        answer, text = self.raw("POST", "/link", dict(self.cookie, Origin=self.origin), f"token={self.token}")
        check(answer.status == 200, f"/link: {answer.status}")
        return re.search(r'id="start-link">([^<]+)<', text)[1].replace("&amp;", "&")


def watch(page, server, name):
    """Whatever a page says or asks for that it should not."""
    def request(item):
        if not item.url.startswith(server.origin + "/") and not item.url.startswith("data:"):
            problems.append(f"{name}: request to {item.url[:90]}")

    page.on("request", request)
    page.on("console", lambda message: problems.append(f"{name}: console: {message.text[:200]}"))
    page.on("pageerror", lambda error: problems.append(f"{name}: page error: {error}"))
    page.on("dialog", lambda dialog: (problems.append(f"{name}: dialog {dialog.message[:60]}"), dialog.dismiss()))


def enter(browser, server, name, **options):
    """A browser with a session of its own, through a start link."""
    context = browser.new_context(**options)
    context.set_default_timeout(60_000)
    page = context.new_page()
    watch(page, server, name)
    page.goto(server.another_link() if server.state else server.link)
    page.wait_for_url(server.origin + "/")
    if not server.state:
        server.state = context.storage_state()
    return context, page


def go(page, server, path, words=None):
    answer = page.goto(server.origin + path)
    check(answer.status == 200, f"{path[:80]}: {answer.status}")
    check(page.locator("h1").first.inner_text().strip() != "", f"{path[:80]}: no heading")
    check("owned" not in page.title().split("<")[0], f"{path[:80]}: a planted script ran")
    if words:
        check(words in page.locator("main").inner_text(), f"{path[:80]}: does not say '{words}'")


def until(page, script, seconds=15):
    """Waits until a script is true. Playwright's own waiting puts the script together from text in the page, which the policy forbids."""
    for _ in range(10 * seconds):
        try:
            if page.evaluate(script):
                return
        except Error:
            pass  # The page is just being loaded again.
        page.wait_for_timeout(100)
    raise Error(f"it never became true: {script}")


def until_found(page, seconds=60):
    """Waits for a row. A search that a busy machine cut short goes on where it says so, as a person would have it go on."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        until(page, "document.readyState === 'complete'")
        if page.locator("tr[data-row]").count():
            return
        if page.locator("[role=status]:has-text('so far')").count():
            page.locator("a[rel=next]").first.click()
        page.wait_for_timeout(100)
    raise Error(f"no row in {seconds} s: {page.url}")


def rows(page, server, path):
    """The rows of a list as JSON, at the page's own address."""
    return page.request.get(server.origin + path, headers={"Accept": "application/json"}).json()["rows"]


def all_paths(page, server):
    """Every page of a case, those about one thing with the first such thing."""
    device = urllib.parse.quote(rows(page, server, "/fleet")[0]["device"])
    event = rows(page, server, "/timeline")[0]["id"]
    source = rows(page, server, "/evidence")[0]["source"]
    paths = ["/", "/timeline", f"/event/{event}?raw=1", "/cascade", "/fleet", f"/fleet?device={device}", "/fleet?show=silent", "/response", "/report",
             "/report?audience=executive", "/evidence", f"/evidence?source={source}", "/evidence/damage", "/evidence/refused", "/evidence/clocks",
             "/evidence/custody", "/sql?sql=SELECT%20*%20FROM%20device_summary%20LIMIT%205", "/help"]
    runs = rows(page, server, "/response")
    if runs:
        paths.append("/response?run=" + urllib.parse.quote(runs[0]["run"]))
    edges = rows(page, server, "/cascade?list=edges")
    if edges:
        paths.append("/cascade?why=" + urllib.parse.quote(f"{edges[0]['from']}->{edges[0]['to']}"))
    return paths


def notes(maker, case):
    return json.loads(maker.firebreak("note", "--case", case, "--format", "json"))["rows"]
