"""Looks for names in PDF files. Usage: leaks.py NAMES PDF...

Looked through are the text of all pages (pdftotext), the metadata (pdfinfo), and every object of the file with its streams inflated and its
strings decoded: outline, links, structure, titles. NAMES has one name a line. Exit 1: a name was found, each on a line."""
import pathlib
import re
import subprocess
import sys
import zlib


def objects(data):
    """All bytes of a PDF that can hold text: the file, its inflated streams."""
    yield data
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            yield zlib.decompress(match.group(1))
        except zlib.error:
            continue


def strings(data):
    """Text of the strings in PDF syntax: (literal) and <hex>, UTF-16 or bytes."""
    for match in re.finditer(rb"<([0-9A-Fa-f\s]{8,})>", data):
        digits = re.sub(rb"\s", b"", match.group(1))
        raw = bytes.fromhex((digits if len(digits) % 2 == 0 else digits + b"0").decode())
        yield raw.decode("utf-16-be", "ignore") if raw[:2] == b"\xfe\xff" else raw.decode("latin-1")
    for match in re.finditer(rb"\(((?:[^()\\]|\\.)*)\)", data, re.DOTALL):
        raw = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m.group(1), 8) & 255]), match.group(1))
        raw = re.sub(rb"\\(.)", rb"\1", raw)
        yield raw.decode("utf-16-be", "ignore") if raw[:2] == b"\xfe\xff" else raw.decode("latin-1")


def tool(*arguments):
    return subprocess.run(arguments, capture_output=True, check=True).stdout.decode("utf-8", "replace")


names = [name for name in pathlib.Path(sys.argv[1]).read_text().split("\n") if name]
pattern = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
found = False
for path in sys.argv[2:]:
    data = pathlib.Path(path).read_bytes()
    places = {
        "text": tool("pdftotext", "-layout", path, "-"),
        "raw text": tool("pdftotext", "-raw", path, "-").replace("\n", ""),
        "metadata": tool("pdfinfo", path) + tool("pdfinfo", "-meta", path) + tool("pdfinfo", "-dests", path),
    }
    parts = list(objects(data))
    if len(parts) < 3:
        print(f"{path}: nothing could be inflated")
        found = True
    places["objects"] = "\n".join(part.decode("latin-1") for part in parts)
    places["strings"] = "\n".join(text for part in parts for text in strings(part))
    for place, text in places.items():
        for name in sorted(set(pattern.findall(text))):
            print(f"{path}: {place}: {name}")
            found = True
sys.exit(1 if found else 0)
