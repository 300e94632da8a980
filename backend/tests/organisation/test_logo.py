"""A region's logo: looked into before it is kept, served under its content's hash, shown above every page."""

import itertools
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from served import token_of
from starlette.testclient import TestClient

from app.core.errors import Invalid
from app.core.files import keep_file, read_file
from app.core.settings import get_settings
from app.features.organisation.rules import MOST_BYTES, logo_name

As = Callable[[str], TestClient]
_numbers = itertools.count(1)


def png(width: int = 96, height: int = 32) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\x00" * ((width // 8 + 2) * min(height, 64)))
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int = 96, height: int = 32) -> bytes:
    """As far as it is looked into: an application segment, the frame's header, the end."""
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + app0 + frame + b"\xff\xd9"


@pytest.fixture
def region(api_as: As) -> str:
    body = {"name": "Logo Region", "code": f"LOGO{next(_numbers)}"}
    answer = api_as("admin").post("/api/v1/regions", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize(("picture", "kind"), [(png(), "png"), (jpeg(), "jpg")])
def test_picture_is_named_by_its_content(picture: bytes, kind: str) -> None:
    assert logo_name(picture).endswith(f".{kind}")
    assert logo_name(picture) == logo_name(bytes(picture))


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x89PNG\r\n\x1a\n<html>",
        png()[:-12],
        png() + b"<script>",
        png(width=2001),
        png(height=0),
        png() + b"\x00" * MOST_BYTES,
        jpeg()[:-2],
        jpeg(width=9000),
        b"\xff\xd8\xff\xff\xd9",
        b"\xff\xd8\xff\xe0\x00\x00" + b"\xff\xd9" * 8,
    ],
)
def test_anything_but_a_whole_small_picture_is_refused(picture: bytes) -> None:
    with pytest.raises(Invalid):
        logo_name(picture)


def test_logo_is_kept_served_for_a_year_and_removed(api_as: As, client: TestClient, region: str) -> None:
    path = f"/api/v1/regions/{region}/logo"
    assert api_as("admin").put(path, content=png()).status_code == 428
    kept = api_as("admin").put(path, content=png(), headers={"If-Match": "*"})
    assert kept.status_code == 200, kept.text
    address = kept.json()["logo_url"]
    answer = client.get(address)
    assert answer.content == png()
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert api_as("admin").delete(path).json()["logo_url"] is None
    refused = api_as("admin").put(path, content=b"<svg/>", headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (422, "logo-unfit")
    assert api_as("manager").put(path, content=png(), headers={"If-Match": "*"}).status_code == 403
    assert api_as("radmin").put(path, content=png(), headers={"If-Match": "*"}).status_code == 404


@pytest.mark.parametrize("name", ["..%2Fsecret.key", "secret.key", f"{'0' * 64}.png", f"{'0' * 64}.svg"])
def test_nothing_else_is_served_from_there(client: TestClient, name: str) -> None:
    assert client.get(f"/logo/{name}").status_code == 404


def test_logo_is_chosen_on_the_page_and_stands_above_every_page(page_as: As, api_as: As) -> None:
    radmin = page_as("radmin")
    mine = api_as("radmin").get("/api/v1/regions").json()["items"][0]["id"]
    path = f"/organisation/regions/{mine}/logo"

    def send(picture: bytes | None, **fields: str) -> int:
        token = token_of(radmin.get("/organisation").text)
        files = {"logo": ("logo.png", picture, "image/png")} if picture is not None else None
        return radmin.post(path, data={"csrf_token": token, **fields}, files=files).status_code

    assert send(None) == 422
    assert send(b"not a picture") == 422
    assert send(png()) == 303
    assert f'src="/logo/{logo_name(png())}"' in page_as("nurse").get("/patients").text
    assert "Remove the logo" in radmin.get(f"/organisation/regions/{mine}/theme").text
    assert send(None, remove="yes") == 303
    assert "/logo/" not in page_as("nurse").get("/patients").text


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HASS_STORAGE_URL", tmp_path.as_uri())
    get_settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    get_settings.cache_clear()


async def test_files_go_where_the_setting_points(elsewhere: Path) -> None:
    await keep_file("logos/a.png", png())
    assert (elsewhere / "logos" / "a.png").read_bytes() == png()
    assert await read_file("logos/a.png") == png()
    assert await read_file("logos/b.png") is None
