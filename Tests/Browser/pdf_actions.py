"""What a PDF could do to its reader. Usage: pdf_actions.py PDF...

Finds links off the document, scripts and other actions, attachments, forms, and invisible or control characters in the text of its
pages. Looked at with poppler (pdfinfo, pdftotext, pdftohtml) and in every object with its streams inflated. Exit 1: something was found.
"""
import pathlib
import re
import subprocess
import sys
import zlib

# Actions and containers of ISO 32000-2, 12.6.4 and 7.11, other than going to a place in the same document.
ACTIONS = ["JavaScript", "JS", "Launch", "URI", "GoToR", "GoToE", "SubmitForm", "ImportData", "RichMedia", "Rendition", "Movie",
           "Sound", "EmbeddedFile", "EmbeddedFiles", "AcroForm", "XFA", "OpenAction", "AA"]
# Controls other than line and page ends, and what changes the direction of a line or cannot be seen.
UNSEEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def tool(*arguments):
    run = subprocess.run([str(argument) for argument in arguments], capture_output=True, check=True)
    return run.stdout.decode("utf-8", "replace")


def objects(data):
    """The file without its streams, and each stream inflated where it can be."""
    yield re.sub(rb"stream\r?\n.*?\r?\nendstream", b"", data, flags=re.DOTALL)
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            yield zlib.decompress(match.group(1))
        except zlib.error:
            continue


def findings_in_pdf(path):
    """Sentences, one for each thing found."""
    found = []
    if script := tool("pdfinfo", "-js", path).strip():
        found.append(f"a script: {script[:80]}")
    urls = [line for line in tool("pdfinfo", "-url", path).split("\n")[1:] if line.strip()]
    if urls:
        found.append(f"a link off the document: {urls[0][:120]}")
    for link in re.findall(r'href="([^"]*)"', tool("pdftohtml", "-xml", "-i", "-stdout", path)):
        # poppler writes a link within the document as NAME.html#PAGE.
        if not re.fullmatch(r"[^:/]*\.html#\d+", link):
            found.append(f"a link: {link[:120]}")
    text = tool("pdftotext", path, "-")
    for character in sorted(set(UNSEEN.findall(text))):
        found.append(f"an unseen character in the text: U+{ord(character):04X}")
    parts = list(objects(pathlib.Path(path).read_bytes()))
    if len(parts) < 3:
        found.append("nothing could be inflated")
    # Objects only: a page's text may well speak of /JavaScript.
    for part in parts:
        if re.search(rb"\bBT\b.*\bET\b", part, re.DOTALL):
            continue
        bare = re.sub(rb"\((?:[^()\\]|\\.)*\)", b"()", part, flags=re.DOTALL)
        for action in ACTIONS:
            if re.search(rb"/" + action.encode() + rb"(?![A-Za-z0-9])", bare):
                found.append(f"an object with /{action}")
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    problems = [f"{path}: {finding}" for path in sys.argv[1:] for finding in findings_in_pdf(path)]
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
