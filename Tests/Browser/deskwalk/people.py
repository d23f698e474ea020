"""The same without a mouse, and without script."""
from .server import all_paths, check, enter, go, watch


def keyboard(browser, server):
    """Skip link, navigation, search, rows, an event with star and note, a branch of the cascade, help: no mouse."""
    context, page = enter(browser, server, "keyboard")
    active = lambda script: page.evaluate(f"document.activeElement.{script}")

    def tab_to(selector, most=80):
        for _ in range(most):
            if active(f"matches({selector!r})"):
                return
            page.keyboard.press("Tab")
        check(False, f"Tab does not lead to {selector}")

    page.keyboard.press("Tab")
    check(active("className") == "skip", "the first stop is not the skip link")
    page.keyboard.press("Enter")
    check(active("id") == "main", "the skip link does not skip")
    page.keyboard.press("/")
    page.wait_for_url("**/timeline#search")
    check(active("id") == "search", "/ does not lead to the search")
    page.keyboard.type("severity>=error")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*", wait_until="load")
    page.keyboard.press("e")
    check(page.evaluate("!!document.activeElement.closest('tr.bad')"), "e does not find an error")
    page.keyboard.press("Enter")
    page.wait_for_url("**/event/*")
    page.keyboard.press("s")
    page.wait_for_selector("#star.on")
    tab_to("textarea[name=note]")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#notes >> text=by keyboard")
    # A stretch of time without the brush.
    go(page, server, "/timeline")
    tab_to("input[name=since]")
    page.keyboard.type("2025-02-22T02:00Z")
    page.keyboard.press("Enter")
    page.wait_for_url("**since=*")
    go(page, server, "/cascade")
    tab_to("a.fold")
    page.keyboard.press("Enter")
    page.wait_for_url("**open=*")
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
    page.goto(server.another_link())
    page.wait_for_url(server.origin + "/")
    for path in all_paths(page, server):
        go(page, server, path)
    go(page, server, "/timeline")
    page.fill("#search", "severity>=error")
    page.click("form.ask button:has-text('Search')")
    check(page.locator("tr[data-row]").count() > 0, "no search without script")
    page.locator("tr[data-row] a.message").first.click()
    check(page.locator("h1").inner_text().startswith("Event "), "no event without script")
    context.close()
