"""S1, S10 to S33: what the specification names is there, and every table keeps the common form."""

import re
from typing import Any

import catalogue
import psycopg
import pytest
from cluster import BACKEND
from factories import MODELS, Make
from sqlalchemy import Date, DateTime, Uuid
from sqlalchemy.orm import configure_mappers

import app.models
from app.core.sentences import CHOICES, SENTENCES, THINGS, sentence_for
from app.models import Base

FILES = (
    "role", "region", "hospital", "user", "patient", "visit", "bed", "vitals", "nurse_log", "lab_test",
    "prescription", "appointment", "inventory", "emr", "notification", "audit_log", "ai_draft",
)  # fmt: skip

# Copied from the specification by hand: S10 to S28.
NAMED = {
    "roles": "name display_name scope permissions",
    "regions": "name code theme_settings is_active",
    "hospitals": "region_id name code address phone email bed_capacity timezone is_active",
    "users": (
        "email password_hash first_name last_name phone role_id scope region_id hospital_id is_active is_deleted"
        " last_login"
    ),
    "patients": (
        "user_id hospital_id person_id mrn first_name last_name date_of_birth gender blood_group phone email address"
        " emergency_contact_name emergency_contact_phone is_active"
    ),
    "visits": (
        "patient_id hospital_id attending_doctor_id visit_type status admission_date discharge_date reason_for_visit"
        " diagnosis discharge_summary sync_status synced_at discharge_ordered_at discharge_ordered_by_id"
    ),
    "beds": (
        "hospital_id bed_number ward floor bed_type status assigned_patient_id assigned_visit_id assigned_at"
        " reserved_for_visit_id reserved_until is_active"
    ),
    "vitals": (
        "patient_id visit_id recorded_by_id recorded_at temperature heart_rate blood_pressure_systolic"
        " blood_pressure_diastolic respiratory_rate spo2 weight height bmi is_abnormal notes consciousness"
        " supplemental_oxygen oxygen_flow_lpm fio2_percent spo2_scale"
    ),
    "nurse_logs": "patient_id visit_id nurse_id log_type content logged_at",
    "lab_tests": (
        "patient_id visit_id requested_by_id assigned_to_id test_type urgency status requested_at accepted_at"
        " in_progress_at completed_at cancelled_at result_summary result_file_url notes"
    ),
    "prescriptions": (
        "patient_id visit_id prescribed_by_id medication_name dosage frequency route duration_days start_date"
        " end_date status instructions"
    ),
    "appointments": (
        "patient_id doctor_id hospital_id scheduled_at duration_minutes ends_at status reason checked_in_at"
        " cancelled_at cancellation_reason"
    ),
    "inventory": (
        "hospital_id item_type item_name item_code category lot_number quantity unit threshold_alert expiry_date"
        " location supplier last_restocked_at is_active"
    ),
    "emr_local": "patient_id visit_id hospital_id record_type data created_by_id",
    "emr_global": "person_id patient_id visit_id source_hospital_id record_type data synced_at",
    "notifications": (
        "recipient_user_id notification_type channel recipient_address subject message status sent_at delivered_at"
        " failed_at failure_reason retry_count max_retries"
    ),
    "audit_logs": "user_id action resource_type resource_id before_state after_state ip_address user_agent",
    "ai_drafts": "patient_id visit_id draft_type content status reviewed_by_id reviewed_at approval_notes",
    "persons": "network_number first_name last_name date_of_birth gender merged_into_id",
    "import_sources": "hospital_id system resource_type resource_id bundle_hash target_table target_id",
}
# A unit or a scale belongs to these numbers; the comment says which.
UNITS = {
    "vitals": {
        "temperature": "Celsius", "heart_rate": "per minute", "blood_pressure_systolic": "mmHg",
        "blood_pressure_diastolic": "mmHg", "respiratory_rate": "per minute", "spo2": "%", "weight": "kg",
        "height": "cm", "bmi": "kg/m2", "oxygen_flow_lpm": "L/min", "fio2_percent": "%", "pain": "0 to 10",
    },
    "appointments": {"duration_minutes": "minutes"},
    "hospitals": {"bed_capacity": "count", "timezone": "IANA"},
    "inventory": {"quantity": "in unit", "threshold_alert": "in unit", "unit": "smallest unit"},
    "prescriptions": {"dose_value": "dose_unit", "max_per_24h": "24 hours", "quantity": "smallest unit"},
    "lab_results": {"value_numeric": "in unit", "unit": "UCUM", "reference_low": "in unit"},
}  # fmt: skip
APPEND_ONLY = {"audit_logs", "audit_seals", "bed_cleanings", "import_sources"}
DEFAULTS = {
    ("users", "is_active"): "true", ("users", "is_deleted"): "false", ("regions", "is_active"): "true",
    ("hospitals", "is_active"): "true", ("beds", "is_active"): "true", ("inventory", "is_active"): "true",
    ("visits", "status"): "planned", ("visits", "sync_status"): "pending", ("beds", "status"): "available",
    ("lab_tests", "status"): "pending", ("lab_tests", "urgency"): "routine", ("prescriptions", "status"): "draft",
    ("appointments", "status"): "scheduled", ("notifications", "status"): "pending",
    ("notifications", "retry_count"): "0", ("notifications", "max_retries"): "5", ("ai_drafts", "status"): "pending",
    ("emr_local", "data"): "{}", ("emr_global", "data"): "{}", ("ai_drafts", "content"): "{}",
    ("regions", "theme_settings"): "{}",
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_model_file_exists(name: str) -> None:
    assert (BACKEND / f"app/models/{name}.py").is_file()


def test_metadata_is_complete_after_importing_the_package() -> None:
    assert set(NAMED) <= set(app.models.Base.metadata.tables)
    assert {model.__name__ for model in MODELS.values()} <= set(app.models.__all__)


@pytest.mark.parametrize("table", sorted(NAMED))
def test_columns_that_the_specification_names_exist(table: str) -> None:
    missing = set(NAMED[table].split()) - set(Base.metadata.tables[table].columns.keys())
    assert missing == set()


@pytest.mark.parametrize("table", sorted(MODELS))
def test_common_columns(make: Make, table: str) -> None:
    columns = Base.metadata.tables[table].columns
    assert isinstance(columns["id"].type, Uuid)
    assert columns["id"].server_default is None
    for name in ("created_at", "updated_at"):
        assert isinstance(columns[name].type, DateTime)
        assert columns[name].type.timezone
        assert not columns[name].nullable
    row = make.of(table)
    equal = make.connection.execute(
        f"SELECT created_at = updated_at, uuid_extract_version(id) FROM {table} WHERE id = %s"
        if make.connection.info.server_version >= 170000
        else f"SELECT created_at = updated_at, substr(id::text, 15, 1)::int FROM {table} WHERE id = %s",
        (row["id"],),
    ).fetchone()
    assert equal is not None
    assert equal[0] or table not in APPEND_ONLY
    assert equal[1] == 7


@pytest.mark.parametrize(("place", "value"), DEFAULTS.items(), ids=[".".join(place) for place in DEFAULTS])
def test_server_default(make: Make, place: tuple[str, str], value: str) -> None:
    found = make.connection.execute(
        "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid"
        " AND a.attnum = d.adnum WHERE a.attrelid = %s::regclass AND a.attname = %s",
        place,
    ).fetchone()
    assert found is not None
    assert found[0].split("::")[0].strip("'") == value


def test_instants_carry_their_zone_and_days_do_not() -> None:
    """`_at` is an instant, `_on` and the days the specification names are DATE; other instants bear its names."""
    instants = {"admission_date", "discharge_date", "last_login", "reserved_until", "since", "until"}
    instants |= {"expected_arrival", "expected_departure"}
    days = {"date_of_birth", "start_date", "end_date", "expiry_date"}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, DateTime):
                assert column.type.timezone, column
                assert column.name.endswith("_at") or column.name in instants
            if isinstance(column.type, Date):
                assert column.name in days, column


@pytest.mark.parametrize("table", sorted(UNITS))
def test_unit_stands_in_the_column_comment(make: Make, table: str) -> None:
    comments = {
        (of, name): comment for of, name, *_, comment in catalogue.rows(make.connection, catalogue.COLUMNS)
    }
    for column, unit in UNITS[table].items():
        assert unit in (comments[table, column] or ""), column


def test_every_column_says_what_it_means(make: Make) -> None:
    silent = [
        (of, name) for of, name, *_, said in catalogue.rows(make.connection, catalogue.COLUMNS) if not said
    ]
    assert silent == []


def test_enumerations_have_a_comment_and_a_named_check(make: Make) -> None:
    checks = {name for _, name, kind in catalogue.rules(make.connection) if kind == "c"}
    for table, columns in CHOICES.items():
        for column in columns:
            assert f"{table}_{column}_check" in checks
            assert Base.metadata.tables[table].columns[column].comment


@pytest.mark.parametrize("table", sorted(MODELS))
def test_repr_helps_and_names_nobody(table: str) -> None:
    row = MODELS[table]()
    for name in (
        "first_name",
        "last_name",
        "date_of_birth",
        "phone",
        "email",
        "mrn",
        "notes",
        "content",
        "value",
    ):
        if hasattr(type(row), name):
            row.__dict__[name] = "Secret Person"
    shown = repr(row)
    assert shown.startswith(f"<{type(row).__name__} id=")
    assert "Secret" not in shown


def test_every_relationship_has_two_sides_and_never_loads_by_itself() -> None:
    configure_mappers()
    relationships = [side for mapper in Base.registry.mappers for side in mapper.relationships]
    assert len(relationships) > 20
    for side in relationships:
        assert side.back_populates, side
        assert side.lazy == "raise", side


def test_more_than_forty_foreign_keys_and_indexes(make: Make, record_property: Any) -> None:
    keys = [row for row in catalogue.rows(make.connection, catalogue.CONSTRAINTS) if row[2] == "f"]
    indexes = catalogue.rows(make.connection, catalogue.INDEXES)
    assert len(keys) >= 40
    assert len([index for index in indexes if not index[3]]) >= 40
    record_property("figure", f"schema: {len(keys)} foreign keys, {len(indexes)} indexes")


def test_every_foreign_key_leads_an_index(make: Make) -> None:
    """Deleting or merging a parent looks its children up; without an index that is a scan. A partial index serves
    where it leaves out NULL only."""
    bare = make.connection.execute(
        """SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k
            WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
              AND NOT (SELECT relispartition FROM pg_class WHERE oid = k.conrelid)
              AND NOT EXISTS (
                SELECT FROM pg_index x WHERE x.indrelid = k.conrelid
                   AND (x.indpred IS NULL OR pg_get_expr(x.indpred, x.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$')
                   AND (SELECT array_agg(c ORDER BY c) FROM unnest(k.conkey) c)
                     = (SELECT array_agg(c ORDER BY c)
                          FROM unnest((x.indkey::int2[])[0:array_length(k.conkey, 1) - 1]) c))"""
    ).fetchall()
    assert bare == []


def test_every_searched_document_has_its_gin_index(make: Make) -> None:
    defined = {
        (table, definition) for table, _, definition, *_ in catalogue.rows(make.connection, catalogue.INDEXES)
    }
    for table, column in (
        ("roles", "permissions"), ("regions", "theme_settings"), ("emr_local", "data"), ("emr_global", "data"),
        ("ai_drafts", "content"),
    ):  # fmt: skip
        assert [text for of, text in defined if of == table and re.search(rf"USING gin \({column}\b", text)]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("patients", "last_name, first_name, date_of_birth"), ("visits", "patient_id, status"),
        ("vitals", "visit_id, recorded_at DESC"), ("lab_tests", "status, urgency, requested_at"),
        ("appointments", "doctor_id, scheduled_at"), ("notifications", "status, created_at"),
        ("audit_logs", "resource_type, resource_id"), ("audit_logs", "user_id, created_at"),
        ("lab_tests", "patient_id, created_at"), ("prescriptions", "patient_id, created_at"),
        ("emr_local", "patient_id, created_at"), ("nurse_logs", "patient_id, created_at"),
        ("prescriptions", "status, created_at"), ("lab_tests", "urgency"), ("beds", "status"),
    ],
)  # fmt: skip
def test_index_that_the_specification_names(make: Make, table: str, columns: str) -> None:
    defined = [text for of, _, text, *_ in catalogue.rows(make.connection, catalogue.INDEXES) if of == table]
    assert [text for text in defined if re.search(rf"\({re.escape(columns)}[,)]", text)], defined


# Sentences: what a refusal says


def test_no_rule_is_without_its_sentence(make: Make) -> None:
    raised = {f"{table}_append_only" for table in MODELS} | {"beds_stay"}
    raised |= {"users_last_admin", "users_not_oneself", "hospitals_open_visits", "regions_open_hospitals"}
    raised |= {"lab_results_second_person"}
    raised |= {name for _, name, kind in catalogue.rules(make.connection) if kind != "t"}
    raised |= {
        name
        for _, name, kind in catalogue.rules(make.connection)
        if kind == "t" and re.search("_(fixed|machine)$", name)
    }
    assert {rule for rule in raised if not sentence_for(rule)} == set()


def test_no_sentence_is_without_its_rule(make: Make) -> None:
    known = {name for _, name, _ in catalogue.rules(make.connection)} | {"beds_stay"}
    known |= {f"{table}_{kind}" for table in THINGS for kind in ("append_only", "fixed")}
    assert set(SENTENCES) - known == set()
    assert set(THINGS) == set(MODELS)


@pytest.mark.parametrize("sentence", sorted(set(SENTENCES.values())))
def test_sentence_reads_as_one(sentence: str) -> None:
    assert sentence[0].isupper() or sentence[0] in "'<"
    assert sentence.endswith(".")
    assert len(sentence) <= 140
    assert not re.search(r"constraint|column|NULL|row |\b[a-z]+_", sentence)


def test_name_that_is_not_ours_has_no_sentence() -> None:
    assert sentence_for(None) is None
    assert sentence_for("something_else_check") is None


def test_refused_row_never_shows_its_values_in_our_words(make: Make) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as caught, make.connection.transaction():
        make.patient(last_name=" ", phone="555-0199")
    said = sentence_for(caught.value.diag.constraint_name)
    assert said
    assert "555" not in said
