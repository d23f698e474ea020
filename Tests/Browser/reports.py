"""Opens reports in a real browser and checks what only a browser can tell. Usage: reports.py FOLDER [FILE…]

For each *.html in FOLDER, in light and dark, wide and 360 px: no request but the page's own, no console message, no
dialog, no sideways scroll, no serious axe finding. A planted script and image must be stopped by the page's own
content security policy. In print each page carries the marking and "Page n of N", and executives get two pages; the PDF has
no link off the document, no action, no attachment, and shows bidirectional and control characters as escapes.
Without names, the reports are shared out to two processes: Playwright serves one thread.
"""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from pdf_actions import findings_in_pdf

folder = pathlib.Path(sys.argv[1])
files = [folder / name for name in sys.argv[2:]]
problems = []

if not files:
    def look(names):
        done = subprocess.run([sys.executable, __file__, str(folder), *names], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(done.stdout, end="")
        return done.returncode

    # The largest first, each to the half that has less so far.
    halves, sizes = [[], []], [0, 0]
    for file in sorted(folder.glob("*.html"), key=lambda file: -file.stat().st_size):
        half = sizes.index(min(sizes))
        halves[half].append(file.name)
        sizes[half] += file.stat().st_size
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(look, filter(None, halves)))
    sys.exit(1 if not codes or any(codes) else 0)


def watch(page, name, allowed):
    def request(item):
        if item.url != allowed and not item.url.startswith("data:"):
            problems.append(f"{name}: request to {item.url[:80]}")

    page.on("request", request)
    page.on("console", lambda message: problems.append(f"{name}: console: {message.text[:160]}"))
    page.on("pageerror", lambda error: problems.append(f"{name}: page error: {error}"))
    page.on("dialog", lambda dialog: (problems.append(f"{name}: dialog"), dialog.dismiss()))


with sync_playwright() as playwright:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
    for file in files:
        url = file.resolve().as_uri()
        for scheme in ["light", "dark"]:
            context = browser.new_context(color_scheme=scheme, viewport={"width": 1200, "height": 900})
            page = context.new_page()
            watch(page, f"{file.name} {scheme}", url)
            page.goto(url)
            for width in [1200, 360]:
                page.set_viewport_size({"width": width, "height": 900})
                scroll = page.evaluate("document.documentElement.scrollWidth")
                if scroll > width:
                    problems.append(f"{file.name} {scheme}: {scroll} px wide at {width}")
            # On a phone the tables of what was hit are read without a finger.
            wide = page.evaluate("""[...document.querySelectorAll('#impact .scroll:has(table)')]
                .filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText.slice(0, 60))""")
            problems += [f"{file.name} {scheme}: too wide at 360 px: {table}" for table in wide]
            context.close()
            # axe has to run a script, which the page's policy rightly forbids: one run without the policy.
            context = browser.new_context(color_scheme=scheme, bypass_csp=True)
            page = context.new_page()
            page.goto(url)
            for finding in Axe().run(page).response["violations"]:
                if finding["impact"] in ("serious", "critical"):
                    node = finding["nodes"][0]
                    problems.append(f"{file.name} {scheme}: axe {finding['id']}: {node['html'][:160]} {node.get('failureSummary','')[:240]}")
            context.close()

        with tempfile.TemporaryDirectory() as temporary:
            planted = pathlib.Path(temporary) / "planted.html"
            payload = "<script>document.title='owned'</script><img src='http://127.0.0.1:9/x' onerror=\"document.title='owned'\">"
            text = file.read_text()
            planted.write_text(text.replace("<main", payload + "<style>body{color:red}</style><main", 1))
            page = browser.new_page()
            refused = []
            page.on("console", lambda message: refused.append(message.text))
            page.on("dialog", lambda dialog: (problems.append(f"{file.name}: a planted dialog"), dialog.dismiss()))
            page.on("requestfinished", lambda item: item.url.startswith("http") and problems.append(f"{file.name}: a planted request"))
            page.goto(planted.resolve().as_uri())
            # Three things were planted, and each must have been stopped by the policy, not by chance.
            for kind in ["script", "style", "image"]:
                if not any("Content Security Policy" in text and kind in text.lower() for text in refused):
                    problems.append(f"{file.name}: the policy did not refuse the planted {kind}: {refused}")
            if file.name == "executive.html" and shutil.which("pdftotext"):
                # The look at PDF files can fail: a link off the document is found.
                page.evaluate("document.querySelector('main').insertAdjacentHTML('afterbegin', '<a href=\"http://127.0.0.1:9/x\">x</a>')")
                page.pdf(path=str(planted) + ".pdf")
                if len(findings_in_pdf(str(planted) + ".pdf")) < 3:
                    problems.append(f"{file.name}: a planted link was not found in the PDF")
            if page.title() == "owned":
                problems.append(f"{file.name}: a planted script ran")
            if page.evaluate("getComputedStyle(document.body).color") == "rgb(255, 0, 0)":
                problems.append(f"{file.name}: a planted style was used")
            page.close()

            printed = pathlib.Path(temporary) / "page.pdf"
            page = browser.new_page()
            page.goto(url)
            page.pdf(path=str(printed), prefer_css_page_size=True)
            page.close()
            if shutil.which("pdftotext"):
                pages = subprocess.run(
                    ["pdftotext", "-layout", str(printed), "-"], capture_output=True, text=True, check=True
                ).stdout.split("\f")[:-1]
                if file.name.startswith("executive") and len(pages) > 2:
                    problems.append(f"{file.name}: {len(pages)} printed pages, two are meant")
                problems += [f"{file.name}: {finding}" for finding in findings_in_pdf(printed)]
                if file.name.startswith("hostile") and "\\u{202e}" not in "".join(pages):
                    problems.append(f"{file.name}: the planted override is not shown as an escape in print")
                for number, content in enumerate(pages, 1):
                    if f"Page {number} of {len(pages)}" not in content:
                        problems.append(f"{file.name}: no page number on printed page {number}")
                    if len(re.findall(r"TLP:[A-Z+]+", content)) < 2:
                        problems.append(f"{file.name}: no marking on printed page {number}")
    browser.close()

for problem in dict.fromkeys(problems):
    print(problem)
sys.exit(1 if problems else 0)
