"""Pictures of the page for the documentation. Usage: screenshots.py BINARY FOLDER [ALL]

From the sample firmware-cascade with a rehearsed playbook, a few notes and an answer about a legal clock. FOLDER gets the set that
Docs/Page.md shows, small; ALL every page in light and dark, wide and at 360 px.
"""
import io
import pathlib
import shutil
import sys
import tempfile
import urllib.parse

sys.dont_write_bytecode = True
from PIL import Image
from playwright.sync_api import sync_playwright

from deskwalk.cases import Maker
from deskwalk.server import Server, enter, rows

# name: (address, height of the part that is shown; 0 for all of it, also in the dark, also narrow)
SHOWN = {
    "overview": ("/", 1150, True, True), "timeline": ("/timeline?q=severity%3E%3Derror", 900, False, True), "event": ("/event/{event}?raw=1", 1000, False, False),
    "cascade": ("/cascade?why={edge}", 1500, True, False), "fleet": ("/fleet", 1250, False, False), "device": ("/fleet?device={device}", 1000, False, False),
    "response": ("/response?run={run}", 900, False, False), "report": ("/report", 900, False, False), "preview": ("/report?audience=executive", 1000, False, False),
    "evidence": ("/evidence", 700, False, False), "sql": ("/sql?sql={sql}", 800, False, False)}
MORE = {
    "timeline-all": "/timeline", "runs": "/response", "source": "/evidence?source=1", "damage": "/evidence/damage", "refused": "/evidence/refused",
    "clocks": "/evidence/clocks", "custody": "/evidence/custody", "help": "/help", "silent": "/fleet?show=silent", "cascade-plain": "/cascade", "sql-empty": "/sql",
    "mistake": "/timeline?q=severity:eror", "nothing": "/timeline?q=text:nowhere", "no-event": "/event/999999999", "engineer": "/report?audience=engineer"}


def prepare(maker, case):
    event = 0
    for words in ["first device of the ring that did not come back", "compare with the release notes of 2.8.0"]:
        event += 4000
        maker.firebreak("note", event, words, "--case", case)
    maker.firebreak("note", 4000, "--tag", "star", "--case", case)
    maker.firebreak("note", "--set", "customerImpact=Doors of 31 sites could not be opened by card.", "--case", case)
    maker.firebreak("note", "--set", 'clocks=[{"clock":"eu-nis2-23","applies":true,"by":"ann@desk","awareAt":"2025-02-22T03:40:00Z"}]', "--case", case, accept=(0, 2))


def addresses(page, server):
    edges = rows(page, server, "/cascade?list=edges")
    found = {
        "event": rows(page, server, "/timeline?q=" + urllib.parse.quote("severity>=error"))[3]["id"],
        "edge": urllib.parse.quote(f"{edges[0]['from']}->{edges[0]['to']}"),
        "device": urllib.parse.quote(next(row["device"] for row in rows(page, server, "/fleet?order=first-error") if row["failed"] and row.get("site"))),
        "run": urllib.parse.quote(rows(page, server, "/response")[0]["run"]),
        "sql": urllib.parse.quote("SELECT device, errors, first_error_time FROM device_summary ORDER BY errors DESC LIMIT 20")}
    return {name: address.format(**found) for name, address in dict({name: shown[0] for name, shown in SHOWN.items()}, **MORE).items()}


def small(picture, path):
    """Sixty-four colours are enough for text and flat drawings."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(64, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
everything = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
samples = pathlib.Path(__file__).resolve().parents[2] / "Samples"
with tempfile.TemporaryDirectory(prefix="firebreak-screenshots-") as scratch, sync_playwright() as playwright:
    maker = Maker(binary, samples, pathlib.Path(scratch))
    case = maker.sample("firmware-cascade")
    prepare(maker, case)
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"])
    with Server(maker, case) as server:
        folder.mkdir(parents=True, exist_ok=True)
        for scheme in ["light", "dark"]:
            for width in [1200, 360]:
                context, page = enter(browser, server, "screenshots", color_scheme=scheme, viewport={"width": width, "height": 900})
                for name, address in addresses(page, server).items():
                    page.goto(server.origin + address)
                    page.evaluate("document.activeElement.blur()")
                    whole = page.evaluate("document.documentElement.scrollHeight")
                    suffix = ("" if scheme == "light" else "-dark") + ("" if width == 1200 else "-narrow")
                    if everything:
                        everything.mkdir(parents=True, exist_ok=True)
                        clip = {"x": 0, "y": 0, "width": width, "height": min(whole, 5000)}
                        page.screenshot(path=everything / f"{name}{suffix}.png", full_page=True, clip=clip)
                    _, height, dark, narrow = SHOWN.get(name, ("", 0, False, False))
                    wanted = name in SHOWN and (suffix == "" or (suffix == "-dark" and dark) or (suffix == "-narrow" and narrow))
                    if wanted:
                        clip = {"x": 0, "y": 0, "width": width, "height": min(whole, height if width > 400 else 1100)}
                        small(page.screenshot(full_page=True, clip=clip), folder / f"{name}{suffix}.png")
                context.close()
    browser.close()
print(f"{sum(path.stat().st_size for path in folder.glob('*.png')) / 1e6:.2f} MB in {folder}")
