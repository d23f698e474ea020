"""Clicks through what a person does, on a case with a trace, an inventory and a playbook's journal."""
import csv
import io
import json
import urllib.parse

from .server import attempt, check, enter, go, notes, rows, until, until_found

WIDE = {"width": 1280, "height": 900}


def works(browser, server, maker, case):
    context, page = enter(browser, server, "works", viewport=WIDE)
    steps = [lambda: overview(page, server), lambda: timeline(page, server), lambda: events(page, server, maker, case), lambda: cascade(page, server),
             lambda: fleet(page, server), lambda: response(page, server), lambda: report(page, server), lambda: evidence(page, server),
             lambda: sql(page, server), lambda: formats(page, server), lambda: live(page, server, maker, case)]
    for step in steps:
        attempt(step)
    context.close()


def drag(page, low, high):
    """Draws over a stretch of the drawing of time."""
    box = page.locator("svg[data-start]").bounding_box()
    page.mouse.move(box["x"] + box["width"] * low, box["y"] + box["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * high, box["y"] + box["height"] * 0.6, steps=5)
    page.mouse.up()
    page.wait_for_url("**since=*")
    check("until=" in page.url and page.locator("tr[data-row]").count() > 0, "the brush gave nothing")


def overview(page, server):
    go(page, server, "/")
    check(page.locator("figure svg").count() == 2, "the overview has no drawings")
    text = page.locator("main").inner_text()
    for words in ["Failed", "Legal clocks", "Data quality", "How it spread", "What was said"]:
        check(words in text, f"the overview does not say '{words}'")
    for index in range(page.locator(".figure .value a").count()):
        # Between two pages there is no heading.
        with page.expect_navigation():
            page.locator(".figure .value a").nth(index).click()
        check(page.locator("h1").count() == 1, f"figure {index} of the overview leads nowhere")
        page.go_back()
    page.locator("svg[data-start]").scroll_into_view_if_needed()
    drag(page, 0.3, 0.7)
    check("/timeline?" in page.url, "the overview's drawing does not lead to the timeline")


def timeline(page, server):
    page.click("nav >> text=Timeline")
    page.fill("#search", "severity>=error")
    page.press("#search", "Enter")
    page.wait_for_url("**/timeline?q=severity*")
    check(page.locator("tr[data-row]").count() > 0 and page.locator("tr[data-row]:not(.bad)").count() == 0, "errors are not what is listed")
    # Each facet narrows the question, and gives the way back.
    go(page, server, "/timeline")
    groups = page.locator(".facets details").count()
    check(groups >= 6, f"only {groups} facets")
    for index in range(groups):
        group = page.locator(".facets details").nth(index)
        name = group.locator("summary").inner_text()
        check(group.locator("li .num").first.inner_text().replace(",", "").isdigit(), f"facet {name} has no counts")
        group.locator("li a").last.click()
        page.wait_for_url("**q=*")
        until_found(page)
        page.locator(".facets a[aria-current]").first.click()
        page.wait_for_url(lambda url: "q=" not in url)
    # The brush, all times again, the other order, the next page and back.
    drag(page, 0.4, 0.6)
    page.click("text=All times")
    page.wait_for_url(lambda url: "since=" not in url)
    page.select_option("select[name=order]", "newest")
    page.click("form.ask button:has-text('Search')")
    page.wait_for_url("**order=newest*")
    first = page.locator("tr[data-row] time").first.get_attribute("datetime")
    page.click("a[rel=next]")
    page.wait_for_url("**after=*")
    check(page.locator("tr[data-row] time").first.get_attribute("datetime") <= first, "the next page is not older")
    local = page.locator("tr[data-row] time").first.get_attribute("title")
    check(local and local.endswith("here"), "no local time")
    # A mistake is shown with its place.
    page.goto(server.origin + "/timeline?q=severity:eror")
    check("no severity" in page.locator("[role=alert]").inner_text() and "^" in page.locator("pre.caret").inner_text(), "the mistake is not shown")


def events(page, server, maker, case):
    """Star by key; then one event with its raw line, its neighbours, notes and tags."""
    go(page, server, "/timeline?q=severity%3E%3Derror")
    for key in "jjks":
        page.keyboard.press(key)
    page.wait_for_selector("button.star.on")
    go(page, server, "/timeline?q=tag%3Astar")
    check(page.locator("tr[data-row]").count() == 1, "the star is not in the case")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.wait_for_selector("p.empty")
    # An event of a device that the inventory knows: it has a place.
    device = next(row["device"] for row in rows(page, server, "/fleet") if row.get("site"))
    go(page, server, "/timeline?q=" + urllib.parse.quote(f'device:"{device}" severity>=error'))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/event/*")
    event = page.url.split("/event/")[1].split("?")[0]
    page.click("#raw")
    page.wait_for_url("**raw=1*")
    raw = page.locator("figure.raw code").inner_text()
    shown = json.loads(maker.firebreak("show", event, "--case", case, "--format", "json"))
    check(shown["raw"].strip()[:40] in raw, "the raw line is another than show's")
    check(shown["sha256"] in page.content(), "no SHA-256")
    facts = page.locator("main").inner_text()
    for words in ["File", "Line", "Offset", "SHA-256", "As written"]:
        check(words in facts, f"the event does not say '{words}'")
    for scope in ["same site", "same source", "same device"]:
        page.click(f".tabs >> text={scope}")
        page.wait_for_url("**scope=*")
        check(page.locator("tr.current").count() == 1, f"the event is not in its context, {scope}")
    page.fill("textarea[name=note]", "seen on the page")
    page.click("text=Keep the note")
    page.wait_for_selector("text=seen on the page")
    page.fill("input[name=tag]", "suspect")
    page.click("text=Tag it")
    page.wait_for_selector("#notes >> text=suspect")
    kept = [note for note in notes(maker, case) if note["text"] == "seen on the page"]
    check(kept and kept[0]["author"] == "ann@desk" and kept[0]["event"] == int(event), "the note is not in the case with its author")
    check(any(note["value"] == "suspect" for note in notes(maker, case)), "the tag is not in the case")
    page.click("#star")
    page.wait_for_selector("#star.on")
    page.click("#star")
    page.wait_for_selector("#star:not(.on)")
    page.locator("#notes li:has-text('suspect') button").click()
    page.wait_for_selector("#notes li:has-text('suspect')", state="detached")
    for words, address in [("The device", "**/fleet?device=*"), ("All of this device", "**/timeline?q=device*"), ("All like it", "**/timeline?q=template*")]:
        go(page, server, f"/event/{event}")
        page.click(f"a.button:text-is('{words}')")
        page.wait_for_url(address)
        check(page.locator("tr[data-row]").count() > 0, f"'{words}' shows nothing")


def cascade(page, server):
    go(page, server, "/cascade")
    check(page.locator("figure svg").count() >= 1, "no tree is drawn")
    # An origin that is rejected says so in words wherever it stands, and a later word replaces it.
    page.fill("#origins .panel:first-of-type input[name=because]", "it was off")
    page.locator("#origins .panel button[name=reject]").first.click()
    page.wait_for_selector("#origins .word:has-text('it was off')")
    words = page.locator("#origins .word").first.inner_text()
    check(page.locator("#origins h3 del").count() > 0, "the rejected origin is not struck out")
    check(words.startswith("✗ rejected by ann@desk, 20") and " UTC: it was off" in words, f"the rejection reads '{words}'")
    check("(rejected as the origin)" in page.locator("figure svg").first.text_content(), "the drawing does not cross out the rejected origin")
    go(page, server, "/", "was rejected")
    check("✗ rejected as the origin by ann@desk" in page.locator(".status").inner_text(), "the overview does not say who rejected the origin")
    go(page, server, "/cascade")
    page.locator("#origins .panel button[name=accept]").first.click()
    page.wait_for_selector("#origins .word:has-text('✓ accepted by ann@desk')")
    check("before that ✗ rejected" in page.locator("#origins .word").first.inner_text(), "the word that was replaced is gone")
    go(page, server, "/", "as ann@desk accepted")
    go(page, server, "/cascade")
    opened = page.locator("#branches tr[data-row]").count()
    page.locator("a.fold[aria-expanded=true]").first.click()
    page.wait_for_url("**open=*")
    check(page.locator("#branches tr[data-row]").count() < opened, "closing a branch changes nothing")
    page.locator("a.fold[aria-expanded=false]").first.click()
    until(page, f"document.querySelectorAll('#branches tr[data-row]').length > {page.locator('#branches tr[data-row]').count() - 1}")
    more = page.locator("#branches a:has-text(' more')")
    if more.count():
        before = page.locator("#branches tr[data-row]").count()
        more.first.click()
        page.wait_for_url("**all=*")
        check(page.locator("#branches tr[data-row]").count() > before, "a group does not open")
    page.locator("#branches tr:not(:has-text('a start')) a:text-is('Why')").first.click()
    page.wait_for_url("**why=*")
    check(page.locator("#why a[href^='/event/']").count() > 0, "why cites no event")
    check("%" in page.locator("#why").inner_text(), "why has no probability")
    page.fill("#why input[name=because]", "not this one")
    page.click("#why >> text=It is wrong")
    page.wait_for_selector("#why .verdict.reject")
    page.fill("#why input[name=because]", "checked by hand")
    page.click("#why >> text=It is right")
    page.wait_for_selector("#why .verdict.accept")
    page.click("#why >> text=Close")
    page.wait_for_url(lambda url: "why=" not in url)
    page.click("text=Trace again with what people say")
    until(page, "document.querySelector('main').innerText.includes('Trace 2')", seconds=120)


def fleet(page, server):
    go(page, server, "/fleet")
    check(page.locator("#places-t, #cohorts-t").count() == 2, "no map of places or no cohorts")
    page.click("summary:has-text('as a table')")
    check(page.locator("table[data-list=cohorts] tr[data-row]").count() > 0, "no cohorts as a table")
    all_devices = page.locator("#devices tr[data-row]").count()
    page.locator("p.places a").first.click()
    page.wait_for_url("**attr=*")
    check(0 < page.locator("#devices tr[data-row]").count() <= all_devices and "against the rest" in page.locator("main").inner_text(), "a place selects nothing")
    page.click("text=all devices")
    page.wait_for_url(lambda url: "attr=" not in url)
    name = page.locator("#devices tr[data-row] a").first.inner_text()
    page.fill("input[name=name]", name[:3] + "*")
    page.select_option("select[name=order]", "first-error")
    page.click("#devices button:text-is('Show')")
    page.wait_for_url("**name=*")
    listed = page.locator("#devices tr[data-row] td:first-child").all_inner_texts()
    check(listed and all(one.startswith(name[:3]) for one in listed), "the pattern does not choose")
    page.click("text=Listed, but silent")
    page.wait_for_url("**show=silent*")
    page.click("text=Those that speak")
    page.wait_for_url(lambda url: "silent" not in url)
    failed = page.locator("#devices tr.bad a").first
    failed.click()
    page.wait_for_url("**device=*")
    text = page.locator("main").inner_text()
    for words in ["Neighbours", "Clock", "Failed", "Its first errors"]:
        check(words in text, f"the device's page does not say '{words}'")
    check(page.locator("figure svg#lanes, figure svg[aria-labelledby*=lanes]").count() == 1, "no lanes")
    page.locator("table[data-list=neighbours] a").first.click()
    page.wait_for_load_state()
    check("Neighbours" in page.locator("main").inner_text(), "a neighbour has no page")


def response(page, server):
    go(page, server, "/response")
    check(page.locator("svg[aria-labelledby*=gantt]").count() == 1, "no runs over time")
    page.locator("tr[data-row] a").first.click()
    page.wait_for_url("**run=*")
    check(page.locator("svg[aria-labelledby*=steps]").count() == 1, "no steps over time")
    check("It was halted" in page.locator("main").inner_text(), "the halt is not shown")
    for name in ["actions", "queue", "journal"]:
        check(page.locator(f"table[data-list={name}] tr[data-row]").count() > 0, f"no {name}")
    check(page.locator("main button").count() == 0, "something can be pressed where nothing can be run")
    page.locator("a[rel=next]").last.click()
    page.wait_for_url("**record=*")


def report(page, server):
    go(page, server, "/report")
    missing = page.locator("#missing form").count()
    field = page.locator("#missing form:has(input[value=customerImpact])")
    field.locator("input[name=value]").fill("Nobody could open a door; it was human error.")
    field.locator("button").click()
    until(page, f"document.querySelectorAll('#missing form').length === {missing - 1}")
    check(page.locator("table[data-list=lint] tr[data-row]").count() > 0, "no hint on the wording")
    page.locator("#clocks-answers form input[name=aware]").first.fill("2025-02-22T03:00:00Z")
    page.locator("#clocks-answers form button").first.click()
    page.wait_for_selector("text=applies, says")
    go(page, server, "/", "overdue by")
    page.goto(server.origin + "/report")
    tabs = page.locator(".tabs a").all_inner_texts()
    check(len(tabs) == 5, f"tabs {tabs}")
    for tab in tabs[1:]:
        page.click(f".tabs >> text={tab}")
        page.wait_for_url("**audience=*")
        check(page.locator(".doc section").count() >= 3, f"the preview '{tab}' is empty")
        check(page.evaluate("document.documentElement.scrollWidth") <= WIDE["width"], f"the preview '{tab}' is too wide")
    go(page, server, "/report?audience=engineer")
    check("Nobody could open a door" in page.locator(".doc").inner_text(), "the preview does not hold what was said")


def evidence(page, server):
    listed = page.request.get(server.origin + "/evidence?format=csv").text().count("\r\n") - 1
    go(page, server, "/evidence", f"{listed} sources")
    page.locator("tr[data-row] a").first.click()
    page.wait_for_url("**source=*")
    check(page.locator("table[data-list=account] tr[data-row]").count() == 6, "not every byte is accounted for")
    for tab in ["Sources", "Damage", "Refused lines", "Clocks", "Custody"]:
        page.click(f".tabs >> text={tab}")
        page.wait_for_load_state()
        check(page.locator("h2").first.inner_text() == tab, f"no tab {tab}")
    check("holds. Its head" in page.locator("main").inner_text(), "the chain is not checked")


def sql(page, server):
    go(page, server, "/sql")
    page.locator("main ul a").first.click()
    page.wait_for_url("**sql=*")
    check(page.locator("tr[data-row]").count() > 1, "an example gives nothing")
    page.fill("textarea[name=sql]", "SELECT count(*) AS n FROM event")
    page.click("text=Run it")
    page.wait_for_url("**count*")
    check(page.locator("tr[data-row]").count() == 1, "SQL gave no row")
    page.fill("input[name=name]", "how many")
    page.click("button:text-is('Keep')")
    page.wait_for_selector("main ul a:has-text('how many')")
    page.click("main ul a:has-text('how many')")
    page.wait_for_url("**sql=*")
    check(page.locator("tr[data-row]").count() == 1, "the kept statement gives nothing")
    for bad in ["DELETE FROM note", "ATTACH 'x' AS y", "PRAGMA query_only = 0", "SELECT load_extension('x')", "SELECT message FROM main.event"]:
        page.goto(server.origin + "/sql?sql=" + urllib.parse.quote(bad))
        check(page.locator("[role=alert]").count() == 1, f"SQL was not refused: {bad}")


def formats(page, server):
    """Every list at the same address, as JSON and CSV, by header and by field."""
    event = rows(page, server, "/timeline")[0]["id"]
    device = urllib.parse.quote(rows(page, server, "/fleet")[0]["device"])
    run = urllib.parse.quote(rows(page, server, "/response")[0]["run"])
    source = rows(page, server, "/evidence")[0]["source"]
    for path in ["/", "/?list=clocks", "/?list=notes", "/timeline", "/timeline?list=facets", f"/event/{event}", f"/event/{event}?list=event",
                 f"/event/{event}?list=notes", "/cascade", "/cascade?list=tree", "/cascade?list=onsets", "/cascade?list=origins", "/fleet",
                 "/fleet?list=cohorts", "/fleet?list=places", f"/fleet?device={device}", f"/fleet?device={device}&list=neighbours", "/response",
                 f"/response?run={run}", f"/response?run={run}&list=queue", f"/response?run={run}&list=journal", f"/response?run={run}&list=steps",
                 "/report", "/report?list=lint", "/report?list=clocks", "/evidence", f"/evidence?source={source}", "/evidence/damage", "/evidence/refused",
                 "/evidence/clocks", "/evidence/custody", "/sql?sql=SELECT%201", "/sql?list=saved", "/help"]:
        answer = page.request.get(server.origin + path, headers={"Accept": "application/json"})
        check(answer.status == 200 and answer.json()["schema"].startswith("firebreak.page."), f"{path} as JSON: {answer.status}")
        answer = page.request.get(server.origin + path + ("&" if "?" in path else "?") + "format=csv", timeout=60_000)
        check(answer.status == 200 and answer.headers["content-type"].startswith("text/csv"), f"{path} as CSV: {answer.status}")
    # CSV is the whole list; JSON says where it goes on.
    question = "/timeline?q=severity%3E%3Derror"
    table = list(csv.DictReader(io.StringIO(page.request.get(server.origin + question + "&format=csv", timeout=60_000).text())))
    counted, link = 0, question + "&format=json"
    while link:
        document = page.request.get(server.origin + link).json()
        counted, link = counted + len(document["rows"]), document["next"]
    check(len(table) == counted > 0, f"{len(table)} rows as CSV, {counted} as JSON")


def live(page, server, maker, case):
    """Other commands write while somebody looks: a note, a playbook, more evidence."""
    go(page, server, "/timeline")
    page.wait_for_timeout(1200)
    maker.firebreak("note", "from the terminal", "--case", case)
    page.wait_for_selector("#live a")
    check("new notes" in page.locator("#live").inner_text(), "what others write is not announced")
    go(page, server, "/response")
    runs = page.locator("table[data-list=runs] tr[data-row]").count()
    page.wait_for_timeout(1200)
    maker.tell_the_ward(case)
    until(page, f"document.querySelectorAll('table[data-list=runs] tr[data-row]').length === {runs + 1}")
    go(page, server, "/")
    page.wait_for_timeout(1200)
    log = maker.scratch / f"more-{case.stem}.log"
    log.write_text("<27>1 2025-02-22T02:30:53.991Z gw-late agentd 1 - - came late\n")
    maker.firebreak("ingest", log, "--case", case)
    page.wait_for_selector("#live a:has-text('new evidence')")
    before = page.locator(".figure .value").first.inner_text()
    check(page.locator("[data-live=events]").inner_text() != before, "the count does not follow")
    page.click("#live a")
    page.wait_for_load_state()
    check(page.locator(".figure .value").first.inner_text() == page.locator("[data-live=events]").inner_text(), "new evidence is not loaded")
