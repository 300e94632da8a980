"""Which password may be chosen (NIST SP 800-63B-4, 3.1.1.2), and how it is kept."""

import re

import pytest

from app.access import passwords
from app.core.errors import Invalid

KNOWN = ("nina.berg@hass.example", "Nina", "Berg-Halvorsen", "North General Hospital", None)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "vier Wörter ohne Zusammenhang",
        "6381950274619305",
        "ünïcödé sätze gehen auch",
        "six lanterns hang above a quiet harbour where old fishermen mend torn ne",
        "nina likes the green tram",
    ],
)
def test_a_long_password_of_its_own_words_may_be_chosen(password: str) -> None:
    passwords.check_new_password(password, KNOWN)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("fourteen chars", "password-too-short"),
        ("ä" * 37, "password-too-long"),
        ("nul in\x00 the middle", "password-nul"),
        ("passwordpassword", "password-common"),
        ("PasswordPassword", "password-common"),
        ("password1234567890", "password-common"),
        ("!!!!!!letmein!!!!!!", "password-common"),
        ("aaaaaaaaaaaaaaaaaa", "password-common"),
        ("abcabcabcabcabcabc", "password-common"),
        ("abcdefghijklmnopqrst", "password-common"),
        ("!abcdefghijklmnop1", "password-common"),
        ("123456789012345678", "password-common"),
        ("098765432109876", "password-common"),
        ("qwertyuiopasdfgh", "password-common"),
        ("1q2w3e4r5t6y7u8i9o", "password-common"),
        ("passwordpassword1", "password-common"),
        ("password-password-1", "password-common"),
        ("Winter2026Winter2026!", "password-common"),
        ("aaaaaaaaaaaaaaab", "password-common"),
        ("nina.berg@hass.example", "password-own-words"),
        ("Nina Halvorsen 1984", "password-own-words"),
        ("north general hospital", "password-own-words"),
        ("NorthGeneral-Berg1", "password-own-words"),
    ],
)
def test_a_password_that_others_would_try_is_refused_with_the_reason(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check_new_password(password, KNOWN)
    assert (refused.value.code, refused.value.field) == (code, "new_password")


def test_no_sentence_repeats_the_password() -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check_new_password("swordfish", KNOWN)
    assert "swordfish" not in refused.value.sentence


def test_the_shipped_list_holds_what_people_choose_most() -> None:
    listed = passwords._common()
    assert len(listed) == 27_986
    assert {"password", "123456", "qwerty", "letmein"} <= listed


def test_an_accent_is_the_same_however_the_keyboard_writes_it() -> None:
    stored = passwords.hash_password("vi\u00e9rzehn W\u00f6rter")
    assert passwords._verify("vie\u0301rzehn Wo\u0308rter", stored)


def test_an_unusable_hash_is_a_hash_that_no_password_fits() -> None:
    made = passwords.unusable_hash()
    assert re.fullmatch(r"\$2b\$12\$[./A-Za-z0-9]{53}", made)
    assert made != passwords.unusable_hash()
    assert not passwords._verify("anything at all", made)
