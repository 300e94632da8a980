"""What a logo may be: decided from its bytes, never from its name or from what the sender says it is."""

import hashlib
import re
import struct

from app.core.errors import Invalid

MOST_BYTES = 200_000
MOST_PIXELS = 2_000
NAME = re.compile(r"[0-9a-f]{64}\.(png|jpg)")
TYPES = {"png": "image/png", "jpg": "image/jpeg"}


def logo_name(body: bytes) -> str:
    """The name a logo is kept and served under, from its content; raises Invalid for anything but a picture.

    PNG (ISO/IEC 15948, 11.2.2) and JPEG (ITU-T T.81, B.2.2) only: an SVG may hold a script."""
    if not body:
        raise _refused("Choose a file with the logo first.")
    if len(body) > MOST_BYTES:
        raise _refused(f"The logo is larger than {MOST_BYTES // 1000} kB. Make it smaller.")
    kind, size = (
        ("png", _png_size(body)) if body.startswith(b"\x89PNG\r\n\x1a\n") else ("jpg", _jpeg_size(body))
    )
    if size is None:
        raise _refused("The logo needs to be a whole PNG or JPEG picture.")
    if not all(0 < side <= MOST_PIXELS for side in size):
        raise _refused(f"The logo is wider or taller than {MOST_PIXELS} pixels. Make it smaller.")
    return f"{hashlib.sha256(body).hexdigest()}.{kind}"


def _refused(sentence: str) -> Invalid:
    return Invalid("logo-unfit", sentence, field="logo")


def _png_size(body: bytes) -> tuple[int, int] | None:
    """Width and height, where the picture begins with its header and ends with its end."""
    if len(body) < 45 or body[12:16] != b"IHDR" or body[-8:-4] != b"IEND":
        return None
    width, height = struct.unpack(">II", body[16:24])
    return width, height


def _jpeg_size(body: bytes) -> tuple[int, int] | None:
    """Width and height from the frame header, past the segments before it."""
    if not (body.startswith(b"\xff\xd8\xff") and body.endswith(b"\xff\xd9")):
        return None
    at = 2
    while at + 9 <= len(body) and body[at] == 0xFF:
        marker, length = body[at + 1], struct.unpack(">H", body[at + 2 : at + 4])[0]
        # Start of a frame; C4, C8 and CC are tables and not frames.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", body[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
