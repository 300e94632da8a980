"""People whom nobody knows yet, and people whom only the other hospital knows."""

import hashlib
import itertools

from served import Hospitals

_numbers = itertools.count(1)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def unlike() -> str:
    """A family name that is like no other one, at the end of every list."""
    digest = hashlib.sha256(str(next(_numbers)).encode()).digest()
    return "Z" + "".join(LETTERS[byte % 26] for byte in digest[:12])


def at_lakeside(hospitals: Hospitals, last_name: str, born: str, number: str | None = None) -> str:
    """A person whom only the other hospital knows."""
    with hospitals.database.owner() as owner:
        person = owner.execute(
            "INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)"
            " VALUES (gen_random_uuid(), 'Vera', %s, %s, 'female') RETURNING id",
            (last_name, born),
        ).fetchone()
        assert person is not None
        if number:
            owner.execute(
                "INSERT INTO person_identifiers (id, person_id, type, system, value)"
                " VALUES (gen_random_uuid(), %s, 'NI', 'urn:elsewhere', %s)",
                (person[0], number),
            )
        owner.execute(
            "INSERT INTO patients (id, hospital_id, person_id, mrn, first_name, last_name, search_family_given,"
            " search_given_family, date_of_birth, gender, phone, address)"
            " SELECT gen_random_uuid(), id, %s, 'LSH-' || lpad(%s::text, 8, '0'), 'Vera', %s, lower(%s) || ' vera',"
            " 'vera ' || lower(%s), %s, 'female', '+47 22 33 44 55', 'Fjordveien 12'"
            " FROM hospitals WHERE code = 'LSH'",
            (person[0], 500 + next(_numbers), last_name, last_name, last_name, born),
        )
    return str(person[0])
