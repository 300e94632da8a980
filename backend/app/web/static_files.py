"""Files the browser loads: named by their content, compressed once, kept by the browser for a year."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

STATIC = Path(__file__).parent / "static"
A_YEAR = "public, max-age=31536000, immutable"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    url: str
    body: bytes
    packed: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Every served file by its name in the repository, for example `hass.css`."""
    found: dict[str, Asset] = {}
    for path in sorted(STATIC.rglob("*")):
        if path.suffix not in TYPES:
            continue
        name = path.relative_to(STATIC).as_posix()
        body = path.read_bytes()
        digest = hashlib.sha256(body).hexdigest()[:10]
        url = f"/static/{name.removesuffix(path.suffix)}.{digest}{path.suffix}"
        media_type = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        found[name] = Asset(url, body, gzip.compress(body, 9, mtime=0), media_type)
    return found


@cache
def _by_url() -> dict[str, Asset]:
    return {asset.url: asset for asset in assets().values()}


def static_url(name: str) -> str:
    """The address of a file; an unknown name fails when the page is written, not in the browser."""
    return assets()[name].url


async def serve_static(request: Request) -> Response:
    asset = _by_url().get(request.url.path)
    if asset is None:
        return PlainTextResponse("This file is not here.", status_code=404)
    headers = {"Cache-Control": A_YEAR, "Vary": "Accept-Encoding"}
    # The files are packed once at start, so that no request pays for it.
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, media_type=asset.media_type, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)
