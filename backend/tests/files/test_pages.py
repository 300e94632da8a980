"""Pages of allergies, alerts, merges and links: lists, forms with their errors, only the acts that are possible."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from factories import NOW, Values
from network import Login, Network

Queries = Callable[..., AbstractContextManager[list[str]]]


@pytest.fixture
def nurse(network: Network) -> Login:
    return network.logins["nurse@a"]


@pytest.fixture
def manager(network: Network) -> Login:
    return network.logins["manager@a"]


@pytest.fixture
def file(network: Network) -> Values:
    return network.world.make.patient(hospital=network.world.at["a"])


def send(login: Login, path: str, **fields: str) -> Any:
    return login.page.post(path, data={**fields, "csrf_token": login.csrf})


def test_a_nurse_records_refutes_and_strikes_out_allergies(
    network: Network, nurse: Login, file: Values
) -> None:
    home = f"/patients/{file['id']}/allergies"
    assert "Nobody has recorded allergies" in nurse.page.get(home).text
    wrong = send(nurse, home, substance="", reaction="Hives all over")
    assert wrong.status_code == 422
    assert "Substance is needed." in wrong.text
    assert 'value="Hives all over"' in wrong.text
    sent = send(nurse, home, substance="Penicillin", criticality="high", verification_status="confirmed")
    assert sent.headers["location"] == f"{home}?done=recorded"
    shown = nurse.page.get(home).text
    assert "Known allergies" in shown
    row = network.world.connection.execute(
        "SELECT id FROM allergies WHERE patient_id = %s", (file["id"],)
    ).fetchone()
    assert row is not None
    # It is confirmed already, so that is not offered.
    assert f"/allergies/{row[0]}/confirm" not in shown
    missing = send(nurse, f"/allergies/{row[0]}/refute", reason="")
    assert missing.status_code == 422
    assert "Reason is needed." in missing.text
    assert send(nurse, f"/allergies/{row[0]}/refute", reason="Tolerated.").status_code == 303
    assert "“<bdi>Tolerated.</bdi>”" in nurse.page.get(home).text
    assert send(nurse, f"/allergies/{row[0]}/enter-in-error", reason="A slip.").status_code == 303
    over = send(nurse, f"/allergies/{row[0]}/confirm")
    assert over.status_code == 409
    assert "This was not saved" in over.text


def test_no_known_allergies_is_said_and_withdrawn(nurse: Login, file: Values) -> None:
    home = f"/patients/{file['id']}/allergies"
    assert send(nurse, f"/patients/{file['id']}/no-known-allergies").status_code == 303
    assert "No known allergies" in nurse.page.get(home).text
    assert send(nurse, f"/patients/{file['id']}/no-known-allergies/withdraw").status_code == 303
    again = send(nurse, f"/patients/{file['id']}/no-known-allergies/withdraw")
    assert again.status_code == 409


def test_who_only_reads_is_offered_no_act(network: Network, file: Values) -> None:
    network.world.make.allergy(patient=file)
    shown = network.logins["pharmacist@a"].page.get(f"/patients/{file['id']}/allergies").text
    assert "Penicillin" in shown
    assert "Record an allergy" not in shown
    assert "/confirm" not in shown


def test_a_nurse_sets_and_ends_an_alert(network: Network, nurse: Login, file: Values) -> None:
    home = f"/patients/{file['id']}/alerts"
    assert "No alerts" in nurse.page.get(home).text
    wrong = send(nurse, home, alert_type="other", note="Since Tuesday")
    assert wrong.status_code == 422
    assert 'value="Since Tuesday"' in wrong.text
    assert 'id="e-words"' in wrong.text
    assert send(nurse, home, alert_type="isolation", note="Since Tuesday").status_code == 422
    dated = send(nurse, home, alert_type="falls", until="tomorrow")
    assert "Foreseen end needs a date" in dated.text
    assert send(nurse, home, alert_type="isolation:contact").status_code == 303
    again = send(nurse, home, alert_type="isolation:contact")
    assert again.status_code == 409
    assert "The file has this alert already." in again.text
    assert "Isolation: contact" in again.text
    row = network.world.connection.execute(
        "SELECT id FROM patient_alerts WHERE patient_id = %s", (file["id"],)
    ).fetchone()
    assert row is not None
    assert send(nurse, f"/alerts/{row[0]}/end").headers["location"] == f"{home}?done=ended"
    assert send(nurse, f"/alerts/{row[0]}/enter-in-error").status_code == 303
    assert "<s>Isolation: contact</s>" in nurse.page.get(home).text


def test_the_manager_finds_compares_merges_and_undoes(network: Network, manager: Login, file: Values) -> None:
    other = network.world.make.patient(hospital=network.world.at["a"])
    home = f"/patients/{file['id']}/merge"
    found = manager.page.get(home, params={"q": other["mrn"]}).text
    assert f"{home}?other={other['id']}" in found
    compared = manager.page.get(home, params={"other": str(other["id"])}).text
    assert f"Merge {other['mrn']} into {file['mrn']}" in compared
    assert f"/patients/{other['id']}/merge?other={file['id']}" in compared
    missing = send(manager, home, loser_id=str(other["id"]), reason="")
    assert missing.status_code == 422
    assert "Reason is needed." in missing.text
    network.world.make.change("patients", other["id"], {"gender": "male"})
    unsure = send(manager, home, loser_id=str(other["id"]), reason="Same passport.")
    assert unsure.status_code == 422
    assert "The two files differ in: sex." in unsure.text
    sent = send(manager, home, loser_id=str(other["id"]), reason="Same passport.", confirmed="true")
    assert sent.headers["location"] == "/merges?done=merged"
    listed = manager.page.get("/merges?done=merged").text
    assert other["mrn"] in listed
    merge = network.world.connection.execute(
        "SELECT id FROM patient_merges WHERE loser_id = %s", (other["id"],)
    ).fetchone()
    assert merge is not None
    assert send(manager, f"/merges/{merge[0]}/undo", reason="x").status_code == 422
    assert send(manager, f"/merges/{merge[0]}/undo", reason="Two people.").status_code == 303
    late = send(manager, f"/merges/{merge[0]}/undo", reason="Two people.")
    assert late.status_code == 409
    assert "This merge was undone already." in late.text


def test_what_stands_in_the_way_is_said_instead_of_a_button(
    network: Network, manager: Login, file: Values
) -> None:
    other = network.world.make.patient(hospital=network.world.at["a"])
    for each in (file, other):
        network.world.make.visit(patient=each)
    shown = manager.page.get(f"/patients/{file['id']}/merge", params={"other": str(other["id"])}).text
    assert "Both files have an open inpatient visit." in shown
    assert "Merge the two files" not in shown
    sent = send(manager, f"/patients/{file['id']}/merge", loser_id=str(other["id"]), reason="Same passport.")
    assert sent.status_code == 409


def test_the_manager_links_and_unlinks(network: Network, manager: Login) -> None:
    make, at = network.world.make, network.world.at
    named = {"first_name": "Wendelgard", "last_name": "Uniqeheart"}
    mine, theirs = (make.patient(hospital=at[name], person=make.person(**named)) for name in ("a", "b"))
    home = f"/patients/{mine['id']}/links"
    assert "None that the network knows of" in manager.page.get(home).text
    looked = manager.page.get(home, params={"look": "true"}).text
    assert str(theirs["person_id"]) in looked
    unsaid = send(manager, f"/patients/{mine['id']}/link", person_id=str(theirs["person_id"]))
    assert unsaid.status_code == 422
    assert "checked" in unsaid.text
    linked = send(
        manager, f"/patients/{mine['id']}/link", person_id=str(theirs["person_id"]), reason="Same passport."
    )
    assert linked.headers["location"] == f"{home}?done=linked"
    assert str(at["b"]["name"]) in manager.page.get(home).text
    assert send(manager, f"/patients/{mine['id']}/unlink", reason="Somebody else.").status_code == 303
    assert send(manager, f"/patients/{mine['id']}/unlink", reason="Somebody else.").status_code == 409


@pytest.mark.parametrize("what", ["allergies", "alerts", "merge", "links"])
def test_a_file_elsewhere_is_not_there(network: Network, file: Values, what: str) -> None:
    login = network.logins["manager@b" if what in ("merge", "links") else "nurse@b"]
    assert login.page.get(f"/patients/{file['id']}/{what}").status_code == 404


@pytest.mark.parametrize("what", ["allergies", "alerts"])
def test_lists_take_few_statements_whatever_their_length(
    network: Network, nurse: Login, file: Values, queries: Queries, what: str
) -> None:
    make = network.world.make
    for number in range(30):
        make.allergy(patient=file, substance=f"Substance {number}")
        make.patient_alert(patient=file, alert_type="other", value=f"Alert {number}", since=NOW)
    with queries(at_most=6):
        assert nurse.page.get(f"/patients/{file['id']}/{what}").status_code == 200


def test_merges_take_few_statements(network: Network, manager: Login, queries: Queries) -> None:
    for _ in range(5):
        network.world.make.patient_merge(hospital=network.world.at["a"])
    with queries(at_most=6):
        assert manager.page.get("/merges").status_code == 200
