"""A forgotten password and an invitation: a random, single-use, hashed link by e-mail (S51)."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from served import browser
from somebody import FIRST, SECOND, Person, send
from starlette.testclient import TestClient

from app.access import tokens
from app.core.errors import HassError
from app.core.mail import PostOffice
from app.features.signin.credentials import ASKED, NO_MAIL

ASK, SET = "/api/v1/auth/password/forgotten", "/api/v1/auth/password/new"
WAIT_SECONDS = 20


class Received:
    """A mail server's memory."""

    def __init__(self) -> None:
        self.mails: Queue[Any] = Queue()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name.
        self.mails.put(envelope)
        return "250 taken"


@pytest.fixture
def outbox(client: TestClient) -> Iterator[PostOffice]:
    """The served application keeps its mails, as the demo does."""
    state: Any = client.app.state  # type: ignore[attr-defined]
    before, state.post = state.post, PostOffice(None, keeps=True)
    yield state.post
    state.post = before


@pytest.fixture
def smtp(client: TestClient, free_tcp_port: int) -> Iterator[Received]:
    """A real mail server on this machine, and the application sending through it."""
    received = Received()
    server = Controller(received, hostname="127.0.0.1", port=free_tcp_port)
    server.start()
    state: Any = client.app.state  # type: ignore[attr-defined]
    before = state.post
    state.post = PostOffice(f"smtp+plain://127.0.0.1:{free_tcp_port}?from=hass@probe.example", keeps=False)
    yield received
    settle(client)
    state.post = before
    server.stop()


def settle(client: TestClient) -> None:
    state: Any = client.app.state  # type: ignore[attr-defined]
    assert client.portal is not None
    client.portal.call(state.post.settle)


def link_in(body: str) -> str:
    found = re.search(r"/password/new\?link=([\w-]+)", body)
    assert found is not None, body
    return found[1]


def asked_link(person: Person, outbox: PostOffice) -> str:
    assert person.client.post(ASK, json={"email": person.email}).status_code == 202
    settle(person.client)
    assert outbox.kept[0].to == person.email
    return link_in(outbox.kept[0].body)


def set_by(person: Person, link: str, new: str = SECOND) -> Any:
    return person.client.post(SET, json={"link": link, "new_password": new})


def test_a_link_sets_the_password_once_and_ends_every_sign_in(wanda: Person, outbox: PostOffice) -> None:
    program = wanda.program()
    link = asked_link(wanda, outbox)
    assert set_by(wanda, link).status_code == 204
    assert program.get("/api/v1/auth/me").status_code == 401
    assert wanda.log_in(FIRST).status_code == 401
    assert wanda.log_in(SECOND).status_code == 200
    again = set_by(wanda, link, "another four word sentence")
    assert again.status_code == 410
    assert again.json()["code"] == "link-closed"


def test_the_mail_goes_through_a_real_server(wanda: Person, smtp: Received) -> None:
    assert wanda.client.post(ASK, json={"email": wanda.email.upper()}).status_code == 202
    mail = smtp.mails.get(timeout=WAIT_SECONDS)
    assert mail.rcpt_tos == [wanda.email]
    assert mail.mail_from == "hass@probe.example"
    text = mail.content.decode().replace("=\r\n", "").replace("=3D", "=")
    assert "A new password for HASS" in text
    assert set_by(wanda, link_in(text)).status_code == 204


def test_the_answer_is_the_same_for_an_address_that_nobody_has(wanda: Person, outbox: PostOffice) -> None:
    known = wanda.client.post(ASK, json={"email": wanda.email})
    unknown = wanda.client.post(ASK, json={"email": f"{uuid4()}@probe.example"})
    assert (
        (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (202, {"detail": ASKED})
    )
    settle(wanda.client)
    assert [letter.to for letter in outbox.kept] == [wanda.email]


def test_the_answer_comes_before_anything_is_looked_up(wanda: Person, smtp: Received) -> None:
    """Nobody can time what is done after the answer: the link does not exist yet when it comes, or may."""
    assert wanda.client.post(ASK, json={"email": wanda.email}).status_code == 202
    smtp.mails.get(timeout=WAIT_SECONDS)
    acts = wanda.sql("SELECT count(*) FROM password_links WHERE user_id = %s", wanda.id)
    assert acts == [(1,)]


@pytest.mark.parametrize("change", ["is_active = false", "is_deleted = true, is_active = false"])
def test_an_account_that_is_off_gets_no_link(wanda: Person, outbox: PostOffice, change: str) -> None:
    wanda.sql(f"UPDATE users SET {change} WHERE id = %s", wanda.id)
    assert wanda.client.post(ASK, json={"email": wanda.email}).json() == {"detail": ASKED}
    settle(wanda.client)
    assert not outbox.kept


def test_a_newer_link_closes_the_older_one(wanda: Person, outbox: PostOffice) -> None:
    older, newer = asked_link(wanda, outbox), asked_link(wanda, outbox)
    assert set_by(wanda, older).status_code == 410
    assert set_by(wanda, newer).status_code == 204


def test_a_link_lapses(wanda: Person, outbox: PostOffice) -> None:
    link = asked_link(wanda, outbox)
    life = wanda.sql("SELECT expires_at - created_at FROM password_links WHERE user_id = %s", wanda.id)[0][0]
    assert 29 * 60 < life.total_seconds() < 30 * 60 + 1
    wanda.sql(
        "UPDATE password_links SET expires_at = created_at + interval '1 microsecond' WHERE user_id = %s",
        wanda.id,
    )
    assert set_by(wanda, link).status_code == 410
    assert wanda.client.get(f"/password/new?link={link}").status_code == 410


def test_a_change_of_the_password_closes_the_link(wanda: Person, outbox: PostOffice) -> None:
    link = asked_link(wanda, outbox)
    program = wanda.program()
    body = {"old_password": FIRST, "new_password": SECOND}
    assert program.post("/api/v1/auth/password", json=body).status_code == 200
    assert set_by(wanda, link, "another four word sentence").status_code == 410


def test_of_many_uses_of_one_link_at_once_one_wins(wanda: Person, outbox: PostOffice) -> None:
    link = asked_link(wanda, outbox)
    browsers = [browser(wanda.client) for _ in range(6)]
    body = {"link": link, "new_password": SECOND}
    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(lambda each: each.post(SET, json=body), browsers))
    assert sorted(answer.status_code for answer in answers) == [204] + [410] * 5


def test_the_token_stands_hashed_in_the_database_and_masked_in_the_trail(
    wanda: Person, outbox: PostOffice
) -> None:
    link = asked_link(wanda, outbox)
    stored = wanda.sql("SELECT token_hash FROM password_links WHERE user_id = %s", wanda.id)
    assert stored == [(tokens.digest(link),)]
    trail = wanda.sql(
        "SELECT after_state ->> 'token_hash' FROM audit_logs WHERE resource_type = 'password_links'"
        " AND after_state ->> 'user_id' = %s",
        str(wanda.id),
    )
    assert trail == [("***",)]


@pytest.mark.parametrize("link", ["x", "..", "' OR 1=1 --", "\u0000", "a" * 200])
def test_what_is_no_link_is_refused(wanda: Person, link: str) -> None:
    assert set_by(wanda, link).status_code == 410


def test_a_password_that_will_not_do_leaves_the_link_open(wanda: Person, outbox: PostOffice) -> None:
    link = asked_link(wanda, outbox)
    refused = set_by(wanda, link, "Wanda Probe, North General")
    assert (refused.status_code, refused.json()["code"]) == (422, "password-own-words")
    assert set_by(wanda, link).status_code == 204


def test_asking_again_and_again_has_to_wait_and_leaves_sign_in_alone(
    wanda: Person, outbox: PostOffice
) -> None:
    statuses = [wanda.client.post(ASK, json={"email": wanda.email}).status_code for _ in range(6)]
    assert statuses == [202] * 5 + [429]
    assert wanda.log_in(FIRST).status_code == 200
    settle(wanda.client)


def test_the_pages_lead_from_the_login_to_a_new_password(wanda: Person, outbox: PostOffice) -> None:
    page = browser(wanda.client)
    assert 'href="/password/forgotten"' in page.get("/login").text
    slip = send(page, "/password/forgotten", "/password/forgotten", email="wanda at home")
    assert (slip.status_code, "An e-mail has an @" in slip.text, 'value="wanda at home"' in slip.text) == (
        422,
        True,
        True,
    )
    asked = send(page, "/password/forgotten", "/password/forgotten", email=wanda.email)
    assert ASKED in asked.text
    settle(wanda.client)
    at = f"/password/new?link={link_in(outbox.kept[0].body)}"
    # A mail scanner opens links too: opening changes nothing.
    assert page.get(at).status_code == page.get(at).status_code == 200
    short = send(page, at, "/password/new", link=at.split("=")[1], new_password="too short")
    assert short.status_code == 422
    done = send(page, at, "/password/new", link=at.split("=")[1], new_password=SECOND)
    assert done.headers["location"] == "/password/set"
    assert "Your password is set" in page.get("/password/set").text
    assert page.get(at).status_code == 410
    assert wanda.log_in(SECOND).status_code == 200


def test_without_a_mail_server_everybody_is_told_whom_to_ask(wanda: Person) -> None:
    for email in (wanda.email, f"{uuid4()}@probe.example"):
        assert wanda.client.post(ASK, json={"email": email}).json() == {"detail": NO_MAIL}
    assert NO_MAIL in browser(wanda.client).get("/password/forgotten").text
    assert wanda.sql("SELECT FROM password_links WHERE user_id = %s", wanda.id) == []


def test_the_outbox_is_a_page_of_the_demo_only(wanda: Person, outbox: PostOffice, smtp: Received) -> None:
    assert browser(wanda.client).get("/outbox").status_code == 404


def test_the_outbox_shows_the_mails_of_the_demo(wanda: Person, outbox: PostOffice) -> None:
    assert "No mail yet" in browser(wanda.client).get("/outbox").text
    link = asked_link(wanda, outbox)
    assert f"/password/new?link={link}" in browser(wanda.client).get("/outbox").text


@pytest.mark.parametrize(
    "url", ["http://x", "smtp://?from=a@b", "smtps://mail.example", "smtp://mail.example?from=nobody"]
)
def test_a_mail_server_that_cannot_be_meant_is_said_at_start(url: str) -> None:
    with pytest.raises(HassError, match="HASS_SMTP_URL is not an address like"):
        PostOffice(url, keeps=False)


def test_a_mail_that_cannot_be_handed_over_is_logged_without_address_or_link(
    wanda: Person, caplog: pytest.LogCaptureFixture
) -> None:
    state: Any = wanda.client.app.state  # type: ignore[attr-defined]
    # Port 1 of this machine takes no mail.
    before, state.post = (
        state.post,
        PostOffice("smtp+plain://127.0.0.1:1?from=hass@probe.example", keeps=False),
    )
    try:
        assert wanda.client.post(ASK, json={"email": wanda.email}).status_code == 202
        settle(wanda.client)
    finally:
        state.post = before
    said = [record.getMessage() for record in caplog.records if record.name == "app.mail"]
    assert said == [
        "A mail could not be handed to the server in HASS_SMTP_URL; it is lost. Ask for it again."
    ]
