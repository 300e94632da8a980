"""Whatever is typed, sent or named: it is a value and never a statement, a template, a script, a path or a right."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attack.conftest import Target, routes
from listening import exchange, listening
from served import ROLES, Hospitals, token_of
from starlette.testclient import TestClient

from app.main import api_routes, create_app, schema_of
from app.web.templating import TEMPLATES, environment

As = Callable[[str], TestClient]
SLEEP_SECONDS = 3
SQL = [
    "'",
    "' OR '1'='1",
    f"'; SELECT pg_sleep({SLEEP_SECONDS}) --",
    f"' || pg_sleep({SLEEP_SECONDS}) || '",
    "x' UNION SELECT email, password_hash FROM users --",
    "\\",
]
# 7 * 7 * 191 = 9359 appears where somebody calculates.
TEMPLATES_OF_OTHERS = ["{{7*7*191}}", "${7*7*191}", "{%print(7*7*191)%}"]
SCRIPTS = [
    "<script>alert(9)</script>",
    '"><img src=x onerror=alert(9)>',
    "' onfocus=alert(9) x='",
    "<svg/onload=alert(9)>",
]
ODD = ["\x00", "a\x00b", "\ufffe\u202e", "𐍈" * 50, "-1", "1e999", "a" * 199]
PAYLOADS = [*SQL, *TEMPLATES_OF_OTHERS, *SCRIPTS, *ODD]
GIVES_AWAY = re.compile(
    r"syntax error|PostgreSQL|asyncpg|sqlalchemy|psycopg|Traceback|File \"|jinja2|(?<![\w-])9359(?![\w-])",
    re.I,
)
ROLES_WITH_WORK = ("doctor", "admin", "manager")
SCHEMA = schema_of(create_app("postgresql://nowhere/none"))


def flat(dependant: Any) -> tuple[set[str], set[str]]:
    """The names of everything that a route reads from its address and its form."""
    query = {each.alias for each in dependant.query_params}
    form = {each.alias for each in dependant.body_params}
    for each in dependant.dependencies:
        more_query, more_form = flat(each)
        query |= more_query
        form |= more_form
    return query, form


ROUTES = [
    (method, route.path_format, *flat(route.dependant))
    for route in api_routes(create_app("postgresql://nowhere/none"))
    for method in sorted(route.methods - {"HEAD", "OPTIONS"})
]
READ_WITH_TEXT = [(method, path, query) for method, path, query, _ in ROUTES if query]
FORMS = [
    (method, path, form)
    for method, path, _, form in ROUTES
    if method != "GET" and not path.startswith("/api/") and form
]
BODIES = [
    (method.upper(), path, operation)
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
    if "application/json" in operation.get("requestBody", {}).get("content", {})
]
# Each attempt costs a bcrypt.
SLOW = re.compile(r"/login|/password|/lock")


def names(cases: list[Any]) -> list[str]:
    return [f"{case[0]} {case[1]}" for case in cases]


@pytest.fixture(scope="module")
def forms(target: Target) -> dict[str, str]:
    """A token for the forms of each role."""
    return {role: token_of(target.send("GET", "/login", role).text) for role in ROLES_WITH_WORK}


def filled(path: str, hospitals: Hospitals, value: str | None = None) -> str:
    return re.sub(r"\{[^}]+\}", value or str(hospitals.john), path)


def is_harmless(answer: Any, payload: str, told: str) -> None:
    assert answer.status_code < 500, f"{told}: {answer.status_code}"
    found = GIVES_AWAY.search(answer.text)
    assert found is None, f"{told}: {found}"
    if "text/html" in answer.headers.get("content-type", ""):
        for script in ("<script>alert", "<img src=x", "<svg/onload", "' onfocus=alert"):
            assert script not in answer.text, told


@pytest.mark.parametrize(("method", "path", "query"), READ_WITH_TEXT, ids=names(READ_WITH_TEXT))
def test_text_in_an_address_stays_text(
    method: str, path: str, query: set[str], target: Target, hospitals: Hospitals
) -> None:
    begun = time.perf_counter()
    for payload in PAYLOADS:
        for fragment in ({}, {"HX-Request": "true"}):
            # Only pages have fragments, and only markup could read differently in one.
            if fragment and (path.startswith("/api/") or payload not in SCRIPTS):
                continue
            who = "doctor" if "organisation" not in path else "admin"
            answer = target.send(
                method, filled(path, hospitals), who, params=dict.fromkeys(query, payload), headers=fragment
            )
            is_harmless(answer, payload, f"{method} {path} with {payload!r}")
    assert time.perf_counter() - begun < len(PAYLOADS) * SLEEP_SECONDS / 2


@pytest.mark.parametrize(("method", "path", "form"), FORMS, ids=names(FORMS))
def test_text_in_a_form_stays_text(
    method: str, path: str, form: set[str], target: Target, forms: dict[str, str], hospitals: Hospitals
) -> None:
    payloads = [SQL[2], TEMPLATES_OF_OTHERS[0], SCRIPTS[1], "\x00"] if SLOW.search(path) else PAYLOADS
    for payload in payloads:
        for who in ROLES_WITH_WORK[: 1 if SLOW.search(path) else 3]:
            data = {**dict.fromkeys(form, payload), "csrf_token": forms[who]}
            answer = target.send(method, filled(path, hospitals), who, data=data)
            is_harmless(answer, payload, f"{method} {path} as {who} with {payload!r}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = SCHEMA["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    return schema


def properties_of(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation["requestBody"]["content"].get("application/json", {})
    found: dict[str, Any] = resolved(content.get("schema", {})).get("properties", {})
    return found


@pytest.mark.parametrize(("method", "path", "operation"), BODIES, ids=names(BODIES))
def test_text_in_a_body_stays_text(
    method: str, path: str, operation: dict[str, Any], target: Target, hospitals: Hospitals
) -> None:
    payloads = (
        [SQL[2], TEMPLATES_OF_OTHERS[0], "\x00", "\ud800"] if SLOW.search(path) else [*PAYLOADS, "\ud800"]
    )
    for payload in payloads:
        body = json.dumps(dict.fromkeys(properties_of(operation), payload))
        headers = {"Content-Type": "application/json", "If-Match": "*"}
        answer = target.send(method, filled(path, hospitals), "admin", content=body, headers=headers)
        is_harmless(answer, payload, f"{method} {path} with {payload!r}")


# What the server decides, and what would give its sender more than he has.
SERVERS_OWN = [
    "id", "created_at", "updated_at", "created_by", "hospital_id", "region_id", "user_id", "role_id", "role", "scope",
    "permissions", "is_super_admin", "password_hash", "is_deleted", "source", "version", "__class__", "__proto__",
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "operation"), BODIES, ids=names(BODIES))
def test_a_field_that_is_not_asked_for_is_refused(
    method: str, path: str, operation: dict[str, Any], target: Target, hospitals: Hospitals
) -> None:
    known = properties_of(operation)
    unknown = [name for name in SERVERS_OWN if name not in known]
    answer = target.send(
        method,
        filled(path, hospitals),
        "admin",
        json=dict.fromkeys(unknown, "x"),
        headers={"If-Match": "*"},
    )
    if answer.status_code == 403:
        # Not an administrator's act: asked again as those who may.
        answers = [
            target.send(
                method,
                filled(path, hospitals),
                who,
                json=dict.fromkeys(unknown, "x"),
                headers={"If-Match": "*"},
            )
            for who in ROLES
        ]
        answer = next(each for each in answers if each.status_code != 403)
    assert answer.status_code == 422, answer.text
    refused = {each["field"] for each in answer.json()["errors"] if "is not known here" in each["sentence"]}
    assert refused == set(unknown)


BROKEN = {
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep and open": b'{"email":' * 50_000,
    "not UTF-8": b'{"email": "\xff\xfe"}',
    "UTF-16": '{"email": "x"}'.encode("utf-16"),
    "a mark of order": b'\xef\xbb\xbf{"email": "x"}',
    "NaN": b'{"email": NaN, "password": Infinity}',
    "a huge number": b'{"email": ' + b"9" * 5000 + b"}",
    "an exponent": b'{"email": 1e400000}',
    "twice the same": b'{"email": "a", "email": "b", "password": "x", "password": "y"}',
    "a list": b"[]",
    "a word": b'"x"',
    "nothing": b"",
    "null": b"null",
    "many keys": json.dumps({f"k{number}": number for number in range(20_000)}).encode(),
    "XML": b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "half an escape": b'{"email": "\\u12',
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_body_is_no_fault_of_ours_anywhere(
    broken: bytes, target: Target, hospitals: Hospitals
) -> None:
    for method, path, _ in BODIES:
        headers = {"Content-Type": "application/json", "If-Match": "*"}
        answer = target.send(method, filled(path, hospitals), "admin", content=broken, headers=headers)
        # A body in UTF-16 or with a mark of order is JSON all the same, to a reader that is kind.
        readable = broken.startswith((b"\xff\xfe", b"\xef\xbb"))
        assert readable or answer.status_code >= 400, f"{method} {path}: {answer.status_code}"
        assert answer.status_code < 500, f"{method} {path}: {answer.status_code}"
        assert GIVES_AWAY.search(answer.text) is None
        assert "/etc" not in answer.text
        assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 5000,
        "application/x-www-form-urlencoded; charset=utf-7",
    ],
)
def test_a_broken_form_is_refused_everywhere(kind: str, target: Target) -> None:
    for method, path in routes():
        if method == "GET" or path.startswith("/api/"):
            continue
        sent = b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + b"\xff" * 100
        path = re.sub(r"\{[^}]+\}", "x", path)
        answer = target.send(method, path, "admin", content=sent, headers={"Content-Type": kind})
        assert 400 <= answer.status_code < 500, f"{method} {path}: {answer.status_code}"


PATHS = [
    "/static/../main.py",
    "/static/%2e%2e/main.py",
    "/static/..%2fmain.py",
    "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/static/%252e%252e%252fmain.py",
    "/static/..%5c..%5cmain.py",
    "/static//etc/passwd",
    "/static/%00hass.css",
    "/static/hass.css%00.js",
    "/static/vendor/README.md",
    "/static/hass.css",
    "/theme/..%2f..%2fmain.py",
    "/theme/%2e%2e",
    "/theme/0e5263.css%00",
    "/theme/0e5263.css/../../main.py",
    "//etc/passwd",
    "/../../etc/passwd",
    "/logo/..%2f..%2fetc%2fpasswd",
    "/regions/..%2f..%2fetc%2fpasswd/logo",
]


@pytest.fixture(scope="module")
def address(hospitals: Hospitals) -> Iterator[tuple[str, int]]:
    with listening(create_app(hospitals.database.app_url)) as found:
        yield found


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_to_another_file(path: str, address: tuple[str, int]) -> None:
    """By a socket, since a client of good manners would tidy the path up."""
    answer = exchange(address, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ", 2)[1] in (b"303", b"400", b"404"), answer[:300]
    assert b"root:" not in answer
    assert b"import" not in answer


def parts_of_the_other_hospital(hospitals: Hospitals) -> dict[str, str]:
    with hospitals.database.owner() as connection:
        row = connection.execute(
            "SELECT h.id, h.region_id, p.id, p.person_id, u.id FROM hospitals h"
            " JOIN patients p ON p.hospital_id = h.id JOIN users u ON u.hospital_id = h.id WHERE h.code = 'LSH'"
        ).fetchone()
    assert row is not None
    kinds = ("hospital", "region", "patient", "person", "user")
    return {f"{kind}_id": str(value) for kind, value in zip(kinds, row, strict=True)}


def test_an_id_of_another_hospital_opens_nothing(target: Target, hospitals: Hospitals) -> None:
    """Every route, with every kind of id of Lakeside in every place, as each role of North General."""
    theirs = parts_of_the_other_hospital(hospitals)
    for method, path, query, _ in ROUTES:
        if "{" not in path and not {name for name in query if name.endswith("_id")}:
            continue
        named = set(re.findall(r"\{(\w+)\}", path)) | query
        fitting = {theirs[name] for name in named & set(theirs)} or set(theirs.values())
        for who in sorted(set(ROLES) - {"admin"}):
            for identity in sorted(fitting):
                params = {name: identity for name in query if name.endswith("_id")}
                sent = filled(path, hospitals, identity)
                headers = {"If-Match": "*"}
                answer = target.send(method, sent, who, params=params, headers=headers)
                told = f"{method} {path} as {who}: {answer.status_code} {answer.text[:200]}"
                assert answer.status_code < 500, told
                assert not re.search(r"Lakesen|Lakeside|LSH-|Nora|\bVik\b", answer.text), told
                assert not (method != "GET" and answer.status_code in (200, 201, 204)), told


def test_every_template_escapes_what_it_is_given() -> None:
    assert environment().autoescape is True
    for template in sorted(Path(TEMPLATES).rglob("*.html")):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape\s+false", text), template.name


def test_no_text_of_a_record_is_called_safe_in_code() -> None:
    """`Markup(f"...")` and `Markup(x + y)` would take what stands in a record for HTML."""
    folder = Path(TEMPLATES).parents[1]
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"Markup\(\s*f[\"']", text), path.name
