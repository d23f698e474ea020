"""What every page has to be, whatever it shows: reachable, within the window, readable by everybody."""
from axe_playwright_python.sync_playwright import Axe

from .server import all_paths, check, enter, go, problems

# What axe looks at besides the colours is the same in the dark.
COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
# Rows are alike: eight of them tell what a hundred do, in a tenth of the time.
TRIM = "document.querySelectorAll('tbody').forEach(b => [...b.rows].slice(8).forEach(r => r.remove()))"


def axe(page, name, options):
    for finding in Axe().run(page, options=options).response["violations"]:
        if finding["impact"] in ("serious", "critical"):
            node = finding["nodes"][0]
            problems.append(f"{name}: axe {finding['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}")


def looks(browser, server, name):
    """Every page at 1280 and 360 px, in light, dark and on paper."""
    context, page = enter(browser, server, name, color_scheme="light", viewport={"width": 1280, "height": 900})
    for path in all_paths(page, server):
        place = f"{name} {path[:60]}"
        go(page, server, path)
        for width in [1280, 360]:
            page.set_viewport_size({"width": width, "height": 900})
            scroll = page.evaluate("document.documentElement.scrollWidth")
            check(scroll <= width, f"{place}: {scroll} px wide at {width}")
        page.emulate_media(media="print")
        check(not page.locator(".bar nav").is_visible() and page.locator("h1").count() > 0, f"{place}: not made for paper")
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 1280, "height": 900})
        if "audience=" in path:
            continue  # The report's own markup has its own walk (reports.py).
        page.evaluate(TRIM)
        axe(page, f"{place} light", {"resultTypes": ["violations"]})
        page.emulate_media(color_scheme="dark")
        axe(page, f"{place} dark", COLOURS)
        page.emulate_media(color_scheme="light")
    context.close()
