"""The chart of a patient with 1,000 visits and 10,000 sets of vital signs: statements and time."""

import asyncio
import statistics
import time
from typing import Any
from uuid import UUID

from scratch import hass, scratch_home, use

VISITS, VITALS, RUNS = 1_000, 10_000, 20

# As the superuser, who is past the policies; the visits end, so that only one is open.
FILL = """
INSERT INTO visits (id, hospital_id, patient_id, visit_type, status, admission_date, discharge_date, source)
SELECT gen_random_uuid(), p.hospital_id, p.id, 'outpatient', 'discharged', now() - make_interval(days => n),
       now() - make_interval(days => n) + interval '1 hour', 'urn:bench'
  FROM patients p, generate_series(1, {visits}) n WHERE p.id = '{patient}';
INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_at, temperature, heart_rate, respiratory_rate,
                    spo2, blood_pressure_systolic, blood_pressure_diastolic, source)
SELECT gen_random_uuid(), v.hospital_id, v.patient_id, v.id, v.admission_date + make_interval(mins => n),
       36.5 + n % 5 * 0.1, 60 + n, 14 + n % 4, 96, 120 + n, 70 + n, 'urn:bench'
  FROM visits v, generate_series(1, {per_visit}) n WHERE v.patient_id = '{patient}' AND v.source = 'urn:bench';
ANALYZE;
"""


def fill(owner_url: str) -> UUID:
    from app.core.database import connect

    with connect(owner_url, autocommit=True) as connection:
        row = connection.execute("SELECT id FROM patients WHERE last_name = 'Smith' LIMIT 1").fetchone()
        assert row is not None
        patient: UUID = row[0]
        connection.execute(FILL.format(visits=VISITS, per_visit=VITALS // VISITS, patient=patient))
        return patient


async def measure(app_url: str, patient: UUID) -> dict[str, Any]:
    import httpx
    from sqlalchemy import event

    from app.main import create_app

    app = create_app(app_url)
    async with app.router.lifespan_context(app):
        sent: list[str] = []
        event.listen(
            app.state.engine.sync_engine,
            "before_cursor_execute",
            lambda _connection, _cursor, statement, *_: sent.append(statement),
        )
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            login = {"email": "doctor@hass.example", "password": "doctor123"}
            token = (await client.post("/api/v1/auth/login", json=login)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            seconds = []
            for _ in range(RUNS):
                sent.clear()
                begin = time.perf_counter()
                answer = await client.get(f"/api/v1/patients/{patient}/chart", headers=headers)
                seconds.append(time.perf_counter() - begin)
                assert answer.status_code == 200, answer.text
    return {
        "visits": VISITS,
        "vitals": VITALS,
        "statements besides session_open": sum("session_open" not in statement for statement in sent),
        "median ms": round(statistics.median(seconds) * 1000, 1),
        "reply kB": round(len(answer.content) / 1000),
    }


def run() -> dict[str, Any]:
    with scratch_home() as home:
        use(home)
        from app.core.database import open_database

        with open_database() as urls:
            hass(home, "migrate")
            hass(home, "seed")
            patient = fill(urls.owner_url)
            return asyncio.run(measure(urls.app_url, patient))


if __name__ == "__main__":
    print(run())
