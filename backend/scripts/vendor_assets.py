"""Takes the front end's libraries by name and cuts them to what our templates use.

For developers who add a class, an icon or a new version; users never run it and need no Node. It needs `npm`, whose
`npm pack` fetches a package and nothing else:

    python scripts/vendor_assets.py            # from backend/

Tabler: rules whose classes stand in a template, a script of ours or KEEP; then the variables nobody reads.
Icons: one sprite of the icons that templates name. htmx: its minified file, whole.
"""

import gzip
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

WEB = Path(__file__).resolve().parents[1] / "app" / "web"
TEMPLATES, STATIC = WEB / "templates", WEB / "static"
VENDOR = STATIC / "vendor"
TABLER, ICONS, HTMX = "@tabler/core@1.6.1", "@tabler/icons@3.51.0", "htmx.org@2.0.11"

# Classes that a script or a library sets while the page lives.
KEEP = {"visually-hidden"}
# Words of ours that Tabler also knows, with another meaning.
# Boxes and lists to choose from are the browser's own: Tabler draws theirs from data: addresses, which our policy
# refuses.
OURS = {
    "page", "list", "tag", "empty", "note", "stack", "steps", "badge", "live", "mark", "form-select",
    "form-check-input",
}  # fmt: skip
CLASS = re.compile(r"\.(-?[a-zA-Z_][\w-]*)")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        VENDOR.mkdir(exist_ok=True)
        tabler = unpack(where, TABLER)
        write_tabler(tabler.joinpath("dist/css/tabler.css").read_text(encoding="utf-8"))
        icons = unpack(where, ICONS)
        write_icons(icons)
        VENDOR.joinpath("tabler-icons.LICENSE").write_text(
            icons.joinpath("LICENSE").read_text(encoding="utf-8")
        )
        htmx = unpack(where, HTMX)
        VENDOR.joinpath("htmx.min.js").write_bytes(htmx.joinpath("dist/htmx.min.js").read_bytes())
        VENDOR.joinpath("htmx.LICENSE").write_text(htmx.joinpath("LICENSE").read_text(encoding="utf-8"))
    for path in sorted(VENDOR.iterdir()):
        body = path.read_bytes()
        print(f"{path.name:24} {len(body):8,} bytes {len(gzip.compress(body, 9)):8,} packed")


def unpack(where: Path, package: str) -> Path:
    folder = where / re.sub(r"\W+", "-", package)
    folder.mkdir()
    done = subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", str(folder), package],
        check=True,
        capture_output=True,
        text=True,
    )
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def used_classes() -> set[str]:
    """Every word that stands in a class attribute of a template, as it is or as part of an expression."""
    words = set(KEEP)
    for path in TEMPLATES.rglob("*.html"):
        for attribute in re.findall(
            r'class="((?:\{\{.*?\}\}|\{%.*?%\}|[^"])*)"', path.read_text(encoding="utf-8")
        ):
            words |= set(re.findall(r"-?[a-zA-Z_][\w-]*", attribute))
    return words - OURS


def blocks(css: str) -> list[tuple[str, str]]:
    """The top level of a stylesheet: (prelude, body); a statement without a block has an empty body."""
    found: list[tuple[str, str]] = []
    at = start = 0
    while at < len(css):
        if css[at] in "\"'":
            at = css.index(css[at], at + 1)
        elif css[at] == ";":
            found.append((css[start : at + 1].strip(), ""))
            start = at + 1
        elif css[at] == "{":
            depth, end = 1, at + 1
            while depth:
                if css[end] in "\"'":
                    end = css.index(css[end], end + 1)
                depth += {"{": 1, "}": -1}.get(css[end], 0)
                end += 1
            found.append((css[start:at].strip(), css[at + 1 : end - 1]))
            start = at = end
            continue
        at += 1
    return found


def declarations(body: str) -> list[str]:
    """The declarations of a rule; semicolons inside quotes and brackets do not part them."""
    parts, depth, quote, start = [], 0, "", 0
    for at, letter in enumerate(body):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == ";" and depth == 0:
            parts.append(body[start:at].strip())
            start = at + 1
    parts.append(body[start:].strip())
    # A picture inside the stylesheet would need an exception in the content security policy.
    return [" ".join(part.split()) for part in parts if part and "data:" not in part]


def is_used(selector: str, words: set[str]) -> bool:
    if re.search(r"\[data-bs-theme-|\[dir=|:-moz|::-moz|::-ms|-webkit-(?!search)", selector):
        return False
    if re.search(r"\[data-bs-(?!theme=)", selector):
        return False
    return all(name in words for name in CLASS.findall(selector))


def cut(css: str, words: set[str]) -> list[tuple[str, list[str]] | tuple[str, list[object]]]:
    kept: list[tuple[str, list[object]]] = []
    for prelude, body in blocks(css):
        if prelude.startswith(("@media", "@supports")):
            if "print" in prelude or "prefers-reduced-motion" in prelude:
                continue
            inner = cut(body, words)
            if inner:
                kept.append((prelude, list(inner)))
        elif prelude.startswith("@"):
            continue
        else:
            selectors = [each.strip() for each in re.split(r",(?![^(]*\))", prelude)]
            selectors = [each for each in selectors if is_used(each, words)]
            lines = declarations(body)
            if selectors and lines:
                kept.append((", ".join(selectors), list(lines)))
    return kept


def text_of(rules: list[tuple[str, list[object]]]) -> str:
    lines: list[str] = []
    for prelude, body in rules:
        if body and isinstance(body[0], tuple):
            lines.append(f"{prelude} {{\n{text_of(body)}}}\n")  # type: ignore[arg-type]
        else:
            lines.append(f"{prelude} {{ {'; '.join(str(each) for each in body)} }}\n")
    return "".join(lines)


def drop_unread(rules: list[tuple[str, list[object]]], ours: str) -> list[tuple[str, list[object]]]:
    """Removes the variables that no rule reads, until none is left."""
    while True:
        before = text_of(rules)
        rules = sweep(rules, set(re.findall(r"var\(\s*(--[\w-]+)", before + ours)))
        if text_of(rules) == before:
            return rules


def sweep(rules: list[tuple[str, list[object]]], read: set[str]) -> list[tuple[str, list[object]]]:
    """The rules without the variables that are not among `read`."""
    swept: list[tuple[str, list[object]]] = []
    for prelude, body in rules:
        if body and isinstance(body[0], tuple):
            rest: list[object] = list(sweep(body, read))  # type: ignore[arg-type]
        else:
            rest = [
                each
                for each in body
                if not str(each).startswith("--") or str(each).split(":", 1)[0].strip() in read
            ]
        if rest:
            swept.append((prelude, rest))
    return swept


def write_tabler(css: str) -> None:
    licence = re.search(r"/\*!.*?\*/", css, re.S)
    if licence is None:
        sys.exit(
            "The stylesheet of Tabler carries no licence line: look at the package before taking it over."
        )
    plain = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    ours = STATIC.joinpath("hass.css").read_text(encoding="utf-8")
    rules = drop_unread(cut(plain, used_classes()), ours)  # type: ignore[arg-type]
    head = f"{licence.group(0)}\n/* Cut by scripts/vendor_assets.py to the rules that the templates of HASS use. */\n"
    VENDOR.joinpath("tabler.css").write_text(head + text_of(rules), encoding="utf-8")


def used_icons() -> set[str]:
    """Icons are named in `icon("...")` calls, in our menu and in the pages' own Python."""
    names: set[str] = set()
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for call in re.findall(r"(?:icon|empty)\(([^)]*)\)", text):
            names |= set(re.findall(r'"([a-z][a-z0-9-]+)"', call))
    for path in [*WEB.glob("*.py"), *WEB.parent.joinpath("features").rglob("pages.py")]:
        names |= set(re.findall(r'icon(?:_name)?\s*=\s*"([a-z0-9-]+)"', path.read_text(encoding="utf-8")))
    return names - {"i-s", "i-l", "i-flip"}


def write_icons(package: Path) -> None:
    symbols = []
    for name in sorted(used_icons()):
        path = package / "icons" / "outline" / f"{name}.svg"
        if not path.exists():
            continue
        inner = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(encoding="utf-8"), re.S)
        body = " ".join(inner.group(1).split()) if inner else ""
        body = body.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "").strip()
        symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{body}</symbol>')
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    VENDOR.joinpath("icons.svg").write_text(sprite, encoding="utf-8")


if __name__ == "__main__":
    main()
