"""Wrong rows, one change away from a valid one, and the named rule that must refuse each (S32, domain 5).

CHECKS is read as `rule: what the factory is given`; a callable gets the factory for what depends on other rows."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest
from factories import HOUR, MODELS, NOW, Make, Values
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint

from app.core.ids import new_id
from app.models import Base
from app.models.base import EnumText

Given = Values | Callable[[Make], Values]


def table_of(rule: str) -> str:
    return max((table for table in MODELS if rule.startswith(f"{table}_")), key=len)


def refused_by(make: Make, attempt: Callable[[], Any]) -> str:
    """The name of the rule that refuses `attempt`; fails when it is accepted."""
    with pytest.raises(psycopg.errors.IntegrityError) as caught, make.connection.transaction():
        attempt()
    # A partition's key carries the partition's name.
    return re.sub(r"^audit_logs_(\d{6}|default)_", "audit_logs_", caught.value.diag.constraint_name or "")


BLANK = " "
NAN = Decimal("NaN")


def reviewed(make: Make, **given: Any) -> Values:
    """What a review adds to an emergency access."""
    review = {
        "reviewed_at": NOW + HOUR,
        "review_outcome": "justified",
        "reviewed_by_id": make.user("manager")["id"],
    }
    return {**review, **given}


def triaged(make: Make) -> Values:
    return {"triage_level": 3, "triaged_at": NOW, "triaged_by_id": make.user("nurse")["id"]}


def signed(make: Make, **given: Any) -> Values:
    """What a signature adds to a summary."""
    return {"signed_at": NOW, "signed_by_id": make.user()["id"], **given}


def between_one(make: Make) -> Values:
    visit = make.visit()
    return {"visit": visit, "to": {**make.hospital_of(visit), "code": "HX"}}


def struck_out(make: Make, **given: Any) -> Values:
    """What strikes out a set of vital signs."""
    told = {"error_at": NOW, "error_by_id": make.user("nurse")["id"], "error_reason": "Other patient."}
    return {"status": "entered_in_error", **told, **given}


def amends_itself(_: Make) -> Values:
    own = new_id()
    return {"id": own, "amends_id": own, "amend_reason": "Wrong patient."}


def to_oneself(make: Make) -> Values:
    nurse = make.user("nurse")["id"]
    return {"from_user_id": nurse, "to_user_id": nurse}


CHECKS: list[tuple[str, Given]] = [
    ("regions_code_format_check", {"code": "north"}),
    ("regions_code_format_check", {"code": "N"}),
    ("regions_name_given_check", {"name": BLANK}),
    ("regions_theme_object_check", {"theme_settings": ["#ffffff"]}),
    ("roles_permissions_array_check", {"permissions": {}}),
    ("roles_named_check", {"display_name": BLANK}),
    ("roles_super_admin_keeps_check", {"name": "super_admin", "permissions": ["role.manage", "audit.read"]}),
    ("hospitals_code_format_check", {"code": "ngh"}),
    *(
        ("hospitals_timezone_iana_check", {"timezone": zone})
        for zone in ("Mars+3", "Foo/Bar5", "-05:00", "PDT", "EST5EDT", "america/new_york")
    ),
    ("hospitals_name_given_check", {"name": BLANK}),
    ("hospitals_bed_capacity_range_check", {"bed_capacity": -1}),
    # Network has neither region nor hospital, region the first, hospital both, self neither (S13).
    ("users_scope_reach_check", lambda make: {"role": "super_admin", "region_id": make.region()["id"]}),
    ("users_scope_reach_check", {"role": "regional_admin", "region_id": None}),
    ("users_scope_reach_check", lambda make: {"role": "regional_admin", "hospital_id": make.hospital()["id"]}),
    ("users_scope_reach_check", {"role": "nurse", "hospital_id": None}),
    ("users_scope_reach_check", {"role": "nurse", "region_id": None}),
    ("users_scope_reach_check", lambda make: {"role": "patient", "region_id": make.region()["id"]}),
    ("users_login_complete_check", {"password_hash": None}),
    ("users_login_complete_check", {"email": None}),
    ("users_login_or_imported_check", {"email": None, "password_hash": None}),
    ("users_email_format_check", {"email": "no address"}),
    ("users_password_hash_bcrypt_check", {"password_hash": "doctor123"}),
    ("users_last_name_given_check", {"last_name": BLANK}),
    ("sessions_ended_pair_check", {"ended_at": NOW}),
    ("sessions_expires_later_check", {"expires_at": NOW - HOUR}),
    ("password_links_closed_pair_check", {"closed_at": NOW}),
    ("password_links_expires_later_check", {"expires_at": NOW - HOUR}),
    ("sign_in_delays_failures_range_check", {"failures": -1}),
    ("form_drafts_page_length_check", {"page": ""}),
    ("form_drafts_form_length_check", {"form": "x" * 501}),
    ("form_drafts_fields_object_check", {"fields": ["a", "b"]}),
    ("idempotency_keys_key_length_check", {"key": "short"}),
    ("idempotency_keys_response_status_range_check", {"response_status": 99}),
    ("persons_last_name_given_check", {"last_name": BLANK}),
    ("persons_date_of_birth_range_check", {"date_of_birth": date(1849, 12, 31)}),
    ("persons_merged_into_other_check", lambda make: {"id": (own := new_id()), "merged_into_id": own}),
    ("person_identifiers_value_given_check", {"value": BLANK}),
    ("person_identifiers_value_given_check", {"system": BLANK}),
    ("patients_mrn_format_check", {"mrn": "ngh-1"}),
    ("patients_last_name_given_check", {"last_name": BLANK}),
    ("patients_date_of_birth_range_check", {"date_of_birth": date(1849, 12, 31)}),
    ("patients_deceased_pair_check", {"deceased_at": NOW}),
    ("patients_spo2_scale_check", {"spo2_scale": 3}),
    ("patients_spo2_scale_pair_check", {"spo2_scale_set_at": NOW}),
    ("patients_spo2_scale_reason_given_check", {"spo2_scale_reason": BLANK}),
    ("patients_no_known_allergies_pair_check", lambda make: {"no_known_allergies_by_id": make.user()["id"]}),
    ("patients_identity_note_given_check", {"identity_note": BLANK}),
    ("patient_identifiers_value_given_check", {"value": BLANK}),
    ("allergies_substance_given_check", {"substance": BLANK}),
    ("allergies_authored_complete_check", {"recorded_by_id": None}),
    ("patient_alerts_value_known_check", {"alert_type": "code_status", "value": "maybe"}),
    ("patient_alerts_value_known_check", {"alert_type": "isolation", "value": None}),
    ("patient_alerts_value_given_check", {"alert_type": "other", "value": BLANK}),
    ("patient_alerts_value_given_check", {"alert_type": "communication", "value": None}),
    ("patient_alerts_until_after_since_check", {"until": NOW - 2 * HOUR}),
    ("patient_alerts_ended_pair_check", {"until": NOW, "end_reason": "over"}),
    ("patient_alerts_ended_pair_check", lambda make: {"end_reason": "over", "ended_by_id": make.user()["id"]}),
    ("patient_alerts_authored_complete_check", {"recorded_by_id": None}),
    ("patients_merged_is_closed_check", lambda make: {"merged_into_id": new_id(), "is_active": True}),
    ("patients_merged_into_other_check", lambda make: {
        "id": (own := new_id()), "merged_into_id": own, "is_active": False}),
    ("allergies_verified_pair_check", {"verified_at": NOW}),
    ("allergies_refuted_has_reason_check", {"verification_status": "refuted"}),
    ("allergies_refuted_has_reason_check", {"verification_status": "entered-in-error"}),
    ("patient_merges_two_files_check", lambda make: (file := make.patient()) and {
        "patient": file, "survivor_id": file["id"], "loser_id": file["id"]}),
    ("patient_merges_reason_length_check", {"reason": BLANK * 5}),
    ("patient_merges_undone_together_check", {"undone_at": NOW}),
    ("patient_merges_undone_together_check", {"undo_reason": "Two people."}),
    ("patient_merges_undone_after_merged_check", lambda make: {
        "undone_at": NOW - 2 * HOUR, "undo_reason": "Two people.", "undone_by_id": make.user()["id"]}),
    ("merge_journal_append_only_check", {"updated_at": NOW - HOUR}),
    ("merge_journal_value_changed_check", {"old_value": None, "new_value": None}),
    ("person_links_from_given_check", {"from_person_id": None}),
    ("person_links_two_people_check", lambda make: dict.fromkeys(
        ("from_person_id", "to_person_id"), make.person()["id"])),
    ("person_links_reason_length_check", {"reason": BLANK * 5}),
    ("person_links_merge_named_check", {"act": "merge"}),
    ("person_links_merge_named_check", lambda make: {"merge_id": make.patient_merge()["id"]}),
    ("person_links_identifiers_listed_check", {"moved_identifiers": {}}),
    ("person_links_append_only_check", {"updated_at": NOW - HOUR}),
    ("mrn_counters_last_number_range_check", {"last_number": -1}),
    ("visits_discharge_after_admission_check", {"status": "discharged", "discharge_date": NOW - 2 * HOUR}),
    ("visits_ended_has_date_check", {"status": "discharged", "discharge_date": None}),
    ("visits_ended_has_date_check", {"status": "deceased", "discharge_date": None}),
    ("visits_started_has_date_check", {"status": "active", "admission_date": None}),
    ("visits_open_has_no_discharge_check", {"status": "active", "discharge_date": NOW}),
    ("visits_discharge_ordered_pair_check", {"discharge_ordered_at": NOW}),
    ("visits_synced_pair_check", {"sync_status": "synced"}),
    ("visits_synced_pair_check", {"synced_at": NOW}),
    ("visits_planned_has_no_discharge_check", {"status": "planned", "discharge_date": NOW}),
    *(
        ("visits_instants_finite_check", {"status": "active", column: "infinity"})
        for column in ("expected_arrival", "expected_departure", "seen_at")
    ),
    ("visits_instants_finite_check", {"status": "discharged", "discharge_date": "infinity"}),
    ("visits_instants_finite_check", {"status": "active", "admission_date": "-infinity"}),
    ("visits_triage_level_range_check", lambda make: {**triaged(make), "triage_level": 0}),
    ("visits_triage_level_range_check", lambda make: {**triaged(make), "triage_level": 6}),
    ("visits_triaged_together_check", {"triage_level": 3}),
    ("visits_death_is_certified_check", {"status": "deceased", "death_certified_by_id": None}),
    ("visits_status_reason_given_check", {"status": "cancelled", "status_reason": BLANK}),
    ("visits_status_reason_given_check", {"status": "entered_in_error", "status_reason": None}),
    ("diagnoses_entered_in_error_pair_check", {"entered_in_error_at": NOW}),
    ("discharge_summaries_version_range_check", {"version": 0}),
    ("discharge_summaries_signed_pair_check", {"signed_at": NOW}),
    ("discharge_summaries_instants_finite_check", {"refusal_signed_at": "infinity"}),
    *(
        ("discharge_summaries_signed_is_complete_check", partial(signed, **{element: empty}))
        for element in ("reason_for_hospitalization", "procedures", "care_provided", "condition_at_discharge",
                        "follow_up", "disposition")
        for empty in ((None,) if element == "disposition" else (None, BLANK))
    ),
    ("discharge_summaries_signed_informs_or_refused_check", partial(signed, information_given=None)),
    ("discharge_summaries_signed_informs_or_refused_check",
     partial(signed, information_given=BLANK, disposition="aadvice")),
    ("transfer_requests_between_two_check", between_one),
    ("transfer_requests_handed_over_check", {"reason": BLANK}),
    ("transfer_requests_handed_over_check", {"handover": BLANK}),
    ("transfer_requests_last_name_given_check", {"last_name": BLANK}),
    ("transfer_requests_answered_together_check", {"answered_at": NOW}),
    ("transfer_requests_answer_is_named_check", {"status": "declined", "answered_at": None, "answered_by_id": None,
                                                 "answered_by_name": None}),
    ("transfer_requests_accepted_has_visit_check", {"status": "accepted", "receiving_visit_id": None}),
    ("transfer_requests_declined_has_reason_check", {"status": "declined", "answer_note": BLANK}),
    ("transfer_requests_closed_pair_check", {"closed_at": NOW}),
    ("transfer_requests_closed_pair_check", {"status": "withdrawn", "closed_at": None}),
    ("transfer_requests_instants_finite_check", {"requested_at": "infinity"}),
    ("prescriptions_reconciled_together_check", {"discharge_decision": "stop"}),
    ("lab_results_acknowledged_pair_check", {"acknowledged_at": NOW}),
    ("beds_instants_finite_check", {"status": "reserved", "reserved_until": "infinity"}),
    ("beds_instants_finite_check", {"status": "occupied", "assigned_at": "-infinity"}),
    ("diagnoses_rank_range_check", {"rank": 0}),
    ("diagnoses_text_given_check", {"text": BLANK}),
    ("diagnoses_authored_complete_check", {"recorded_by_id": None}),
    ("beds_named_check", {"bed_number": BLANK}),
    ("beds_named_check", {"ward": BLANK}),
    ("beds_occupied_assigned_check", {"status": "occupied", "assigned_at": None}),
    (
        "beds_occupied_assigned_check",
        lambda make: {"visit": (visit := make.visit()), "assigned_visit_id": visit["id"]},
    ),
    ("beds_reserved_named_check", {"status": "reserved", "reserved_until": None}),
    ("beds_reserved_named_check", {"reserved_until": NOW}),
    ("beds_off_is_empty_check", {"status": "occupied", "is_active": False}),
    ("beds_off_is_empty_check", {"status": "reserved", "is_active": False}),
    ("beds_out_of_use_reason_check", {"out_of_use_reason": "Suction does not work."}),
    ("bed_cleanings_cleaner_named_check", {"cleaner": BLANK}),
    ("bed_cleanings_cleaned_after_began_check", {"cleaned_at": NOW - 2 * HOUR}),
    ("bed_cleanings_terminal_complete_check", {"is_terminal": True, "linen_removed": True}),
    ("bed_assignments_released_after_assigned_check", {"assigned_at": NOW, "released_at": NOW - HOUR}),
    ("care_assignments_until_after_from_check", {"from_at": NOW, "until_at": NOW - HOUR}),
    ("nurse_logs_amends_other_check", amends_itself),
    ("nurse_logs_amended_has_reason_check", {"amend_reason": "nothing amended"}),
    ("nurse_logs_struck_complete_check", {"status": "entered_in_error"}),
    ("nurse_logs_struck_complete_check", {"entered_in_error_at": NOW}),
    ("handovers_to_other_check", to_oneself),
    ("handovers_given_complete_check", {"status": "given", "actions": None}),
    ("handovers_given_complete_check", {"status": "given", "illness_severity": None}),
    ("handovers_words_given_check", {"patient_summary": BLANK}),
    ("handovers_words_given_check", {"situation_awareness": BLANK}),
    ("handovers_accepted_complete_check", {"status": "accepted", "synthesis": None}),
    ("handovers_accepted_complete_check", {"status": "accepted", "synthesis": BLANK}),
    ("handovers_accepted_complete_check", {"synthesis": "Understood."}),
    ("handovers_withdrawn_pair_check", {"withdrawn_at": NOW}),
    ("handovers_withdrawn_pair_check", {"status": "withdrawn", "withdrawn_at": None}),
    ("fluid_entries_kind_fits_check", {"kind": "urine"}),
    ("fluid_entries_kind_fits_check", {"direction": "out"}),
    ("fluid_entries_volume_ml_range_check", {"volume_ml": -1}),
    ("fluid_entries_volume_ml_range_check", {"volume_ml": 20_001}),
    ("fluid_entries_amends_other_check", amends_itself),
    ("fluid_entries_amended_has_reason_check", {"amend_reason": "nothing amended"}),
    ("fluid_entries_struck_complete_check", {"entered_in_error_at": NOW}),
    ("vitals_temperature_range_check", {"temperature": Decimal("19.9")}),
    ("vitals_temperature_range_check", {"temperature": Decimal("45.1")}),
    ("vitals_heart_rate_range_check", {"heart_rate": -1}),
    ("vitals_heart_rate_range_check", {"heart_rate": 351}),
    ("vitals_blood_pressure_systolic_range_check", {"blood_pressure_systolic": 351}),
    ("vitals_blood_pressure_diastolic_range_check", {"blood_pressure_diastolic": -1}),
    (
        "vitals_blood_pressure_diastolic_range_check",
        {"blood_pressure_diastolic": 251, "blood_pressure_systolic": 300},
    ),
    ("vitals_blood_pressure_both_check", {"blood_pressure_diastolic": None}),
    ("vitals_blood_pressure_order_check", {"blood_pressure_diastolic": 122}),
    ("vitals_respiratory_rate_range_check", {"respiratory_rate": -1}),
    ("vitals_respiratory_rate_range_check", {"respiratory_rate": 101}),
    ("vitals_spo2_range_check", {"spo2": -1}),
    ("vitals_spo2_range_check", {"spo2": 101}),
    ("vitals_weight_range_check", {"weight": Decimal("0.19")}),
    ("vitals_weight_range_check", {"weight": Decimal("700.1")}),
    ("vitals_height_range_check", {"height": 0}),
    ("vitals_height_range_check", {"height": Decimal("280.1")}),
    ("vitals_oxygen_flow_lpm_range_check", {"supplemental_oxygen": True, "oxygen_flow_lpm": Decimal("80.1")}),
    ("vitals_fio2_percent_range_check", {"fio2_percent": 20}),
    ("vitals_fio2_percent_range_check", {"fio2_percent": 101}),
    ("vitals_pain_range_check", {"pain": -1}),
    ("vitals_pain_range_check", {"pain": 11}),
    ("vitals_spo2_scale_check", {"spo2_scale": 3}),
    (
        "vitals_something_measured_check",
        dict.fromkeys(
            (
                "temperature", "heart_rate", "respiratory_rate", "spo2", "blood_pressure_systolic",
                "blood_pressure_diastolic",
            )
        ),
    ),
    ("vitals_oxygen_flow_on_oxygen_check", {"supplemental_oxygen": False, "oxygen_flow_lpm": 2}),
    ("vitals_amends_other_check", lambda make: {"id": (own := new_id()), "amends_id": own}),
    ("vitals_authored_complete_check", {"recorded_by_id": None}),
    ("vitals_news2_total_range_check", {"news2_total": 21, "news2_red": True, "news2_state": "complete"}),
    ("vitals_news2_scored_check", {"news2_total": 3, "news2_red": False, "news2_state": "incomplete"}),
    ("vitals_news2_scored_check", {"news2_state": "complete"}),
    ("vitals_news2_scored_check", {"news2_total": 3}),
    ("vitals_news2_scored_check", {"news2_red": True, "news2_state": "under_16"}),
    ("vitals_next_due_later_check", {"next_due_at": NOW - HOUR}),
    ("vitals_late_reason_given_check", {"late_reason": BLANK}),
    ("vitals_error_told_check", {"error_reason": "Other patient."}),
    ("vitals_error_told_check", lambda make: struck_out(make, status="final")),
    ("vitals_error_told_check", lambda make: struck_out(make, error_reason=BLANK)),
    ("escalations_score_range_check", {"score": 21}),
    ("escalations_acknowledged_pair_check", {"acknowledged_at": NOW}),
    ("escalations_acknowledged_pair_check", {"status": "acknowledged", "acknowledged_by_id": None}),
    ("escalations_answer_given_check", {"answer": "Seen."}),
    ("escalations_waiting_climbs_check", {"level": "manager"}),
    ("escalations_waiting_climbs_check", {"status": "acknowledged", "climbs_at": NOW}),
    ("escalations_answer_given_check", {"status": "acknowledged", "answer": BLANK}),
    ("nurse_logs_content_given_check", {"content": BLANK}),
    ("nurse_logs_authored_complete_check", {"nurse_id": None}),
    ("emr_local_record_type_given_check", {"record_type": BLANK}),
    ("emr_local_data_object_check", {"data": ["a", "b"]}),
    ("emr_local_version_range_check", {"version": 0}),
    ("emr_local_signed_pair_check", {"signed_at": NOW}),
    ("emr_local_kept_is_imported_check", {"kept_reason": "unmapped"}),
    ("emr_local_authored_complete_check", {"created_by_id": None}),
    ("emr_global_record_type_given_check", {"record_type": BLANK}),
    ("emr_global_data_object_check", {"data": ["a", "b"]}),
    ("emr_global_version_range_check", {"version": 0}),
    ("emr_global_synced_pair_check", {"status": "synced"}),
    ("access_grants_reason_length_check", {"reason": "urgent"}),
    ("access_grants_reason_length_check", {"reason": "x" + BLANK * 20}),
    ("access_grants_reason_length_check", {"reason": "x" * 501}),
    ("access_grants_sixty_minutes_check", {"expires_at": NOW + 2 * HOUR}),
    ("access_grants_ended_in_time_check", {"ended_at": NOW - HOUR}),
    ("access_grants_ended_in_time_check", {"ended_at": NOW + 2 * HOUR}),
    ("access_grants_reviewed_together_check", {"reviewed_at": NOW + HOUR}),
    ("access_grants_reviewed_together_check", {"review_outcome": "justified"}),
    ("access_grants_reviewed_after_end_check", lambda make: reviewed(make, reviewed_at=NOW)),
    (
        "access_grants_reviewed_by_other_check",
        lambda make: {**(own := reviewed(make)), "user_id": own["reviewed_by_id"]},
    ),
    ("access_grants_comment_of_review_check", {"review_comment": "Was right."}),
    ("access_grants_not_justified_has_comment_check", lambda make: reviewed(make, review_outcome="not_justified")),
    ("lab_tests_test_type_given_check", {"test_type": BLANK}),
    ("lab_tests_instants_rise_check", {"status": "accepted", "accepted_at": NOW - 2 * HOUR}),
    ("lab_tests_instants_rise_check", {"status": "in_progress", "in_progress_at": NOW - 2 * HOUR}),
    ("lab_tests_instants_rise_check", {"status": "completed", "completed_at": NOW - 2 * HOUR}),
    ("lab_tests_instants_rise_check", {"status": "cancelled", "cancelled_at": NOW - 2 * HOUR}),
    ("lab_tests_instants_rise_check", {"status": "completed", "released_at": NOW - 2 * HOUR}),
    ("lab_tests_completed_pair_check", {"status": "completed", "completed_at": None}),
    ("lab_tests_cancelled_pair_check", {"status": "cancelled", "cancelled_at": None}),
    ("lab_tests_pending_not_accepted_check", {"accepted_at": NOW}),
    ("lab_tests_steps_have_instants_check", {"status": "accepted", "accepted_at": None}),
    ("lab_tests_steps_have_instants_check", {"status": "in_progress", "in_progress_at": None}),
    ("lab_tests_steps_have_instants_check", {"status": "completed", "accepted_at": None}),
    ("lab_tests_released_is_completed_check", {"released_at": NOW}),
    ("lab_tests_result_file_key_check", {"result_file_url": "https://files.example/report.pdf"}),
    ("lab_tests_authored_complete_check", {"visit_id": None}),
    ("lab_tests_authored_complete_check", {"requested_by_id": None}),
    ("lab_results_name_given_check", {"name": BLANK}),
    ("lab_results_value_given_check", {"value_numeric": None}),
    ("lab_results_reference_order_check", {"reference_low": 5, "reference_high": 4}),
    ("lab_results_numbers_finite_check", {"value_numeric": NAN}),
    ("lab_results_numbers_finite_check", {"value_numeric": Decimal("-Infinity")}),
    ("lab_results_numbers_finite_check", {"reference_high": Decimal("Infinity")}),
    ("lab_results_corrects_other_check", lambda make: {"id": (own := new_id()), "corrects_id": own}),
    ("lab_results_comparator_of_number_check", {"value_numeric": None, "value_text": "low", "comparator": "<"}),
    ("lab_results_rank_range_check", {"rank": 0}),
    ("prescriptions_medication_name_given_check", {"medication_name": BLANK}),
    ("prescriptions_end_after_start_check", {"end_date": NOW.date() - timedelta(days=1)}),
    ("prescriptions_duration_days_range_check", {"duration_days": 0}),
    ("prescriptions_duration_days_range_check", {"duration_days": 3651}),
    ("prescriptions_dose_value_range_check", {"dose_value": 0, "dose_unit": "mg"}),
    ("prescriptions_dose_value_range_check", {"dose_value": NAN, "dose_unit": "mg"}),
    ("prescriptions_dose_pair_check", {"dose_value": 10}),
    ("prescriptions_max_per_24h_range_check", {"max_per_24h": 0}),
    ("prescriptions_max_per_24h_range_check", {"max_per_24h": NAN}),
    ("prescriptions_quantity_range_check", {"quantity": 0}),
    ("prescriptions_quantity_range_check", {"quantity": NAN}),
    ("prescriptions_quantity_range_check", {"refills": -1}),
    ("prescriptions_as_needed_has_maximum_check", {"status": "active", "as_needed": True}),
    ("prescriptions_signed_pair_check", {"signed_at": NOW}),
    ("prescriptions_active_is_signed_check", {"status": "active", "signed_at": None, "signed_by_id": None}),
    ("prescriptions_discontinued_has_reason_check", {"status": "discontinued", "stop_reason": None}),
    *(
        ("prescriptions_authored_complete_check", {column: None})
        for column in ("visit_id", "prescribed_by_id", "dosage", "frequency", "route")
    ),
    ("appointments_duration_minutes_range_check", {"duration_minutes": 4}),
    ("appointments_duration_minutes_range_check", {"duration_minutes": 481}),
    ("appointments_ends_at_held_check", {"scheduled_at": NOW, "ends_at": NOW + HOUR}),
    ("appointments_cancelled_pair_check", {"cancelled_at": NOW}),
    ("appointments_cancelled_pair_check", {"status": "cancelled", "cancelled_at": None}),
    ("appointments_cancelled_has_reason_check", {"status": "cancelled", "cancellation_reason": BLANK}),
    ("appointments_cancelled_has_reason_check", {"status": "cancelled", "cancellation_reason": None}),
    ("appointments_checked_in_pair_check", {"status": "checked_in", "checked_in_at": None}),
    ("appointments_reschedules_other_check", lambda make: {"id": (own := new_id()), "reschedules_id": own}),
    ("appointments_authored_complete_check", {"created_by_id": None}),
    ("inventory_named_check", {"item_name": BLANK}),
    ("inventory_named_check", {"item_code": BLANK}),
    ("inventory_named_check", {"unit": BLANK}),
    ("inventory_quantity_range_check", {"quantity": -1}),
    ("inventory_quantity_range_check", {"quantity": NAN}),
    ("inventory_quantity_whole_check", {"quantity": Decimal("1.5")}),
    ("inventory_threshold_alert_range_check", {"threshold_alert": -1}),
    ("inventory_threshold_alert_range_check", {"threshold_alert": NAN}),
    ("notifications_message_given_check", {"message": BLANK}),
    ("notifications_retry_count_range_check", {"retry_count": 6}),
    ("notifications_retry_count_range_check", {"retry_count": -1}),
    ("notifications_sent_pair_check", {"status": "sent", "sent_at": None}),
    ("notifications_delivered_pair_check", {"status": "delivered", "delivered_at": None}),
    ("notifications_failed_pair_check", {"status": "failed", "failed_at": None}),
    ("notifications_failed_pair_check", {"status": "failed", "failure_reason": None}),
    ("notifications_address_given_check", {"channel": "sms", "recipient_address": None}),
    ("import_sources_append_only_check", {"updated_at": NOW - HOUR}),
    ("audit_logs_append_only_check", {"updated_at": NOW - HOUR}),
    ("audit_logs_outcome_code_check", {"outcome": 5}),
    ("audit_seals_append_only_check", {"updated_at": NOW - HOUR}),
    ("audit_seals_number_range_check", {"number": 0}),
    ("audit_seals_month_format_check", {"month": "November"}),
    ("audit_seals_transactions_order_check", {"lower_transaction": 9, "upper_transaction": 8}),
    ("audit_seals_entries_complete_check", {"row_count": 1}),
    ("audit_seals_seal_hex_check", {"seal": "short"}),
    ("audit_seals_seal_hex_check", {"previous_seal": "short"}),
    ("ai_drafts_content_object_check", {"content": ["a", "b"]}),
    ("ai_drafts_reviewed_pair_check", {"status": "approved", "reviewed_at": None}),
    ("ai_drafts_reviewed_pair_check", {"status": "approved", "reviewed_by_id": None}),
    ("ai_drafts_rejected_has_reason_check", {"status": "rejected", "approval_notes": BLANK}),
    ("ai_drafts_rejected_has_reason_check", {"status": "rejected", "approval_notes": None}),
]  # fmt: skip


def enumerations() -> Iterator[tuple[str, str]]:
    """Table and column of every set of values; its rule is `<table>_<column>_check`."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, EnumText):
                yield table.name, column.name


def unique_keys() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Table, rule and columns of every key: primary, unique, and the unique indexes of whole tables."""
    for table in Base.metadata.sorted_tables:
        for key in table.constraints:
            if isinstance(key, PrimaryKeyConstraint | UniqueConstraint):
                yield table.name, rule_name(key), tuple(column.name for column in key.columns)


def foreign_keys() -> Iterator[tuple[str, ForeignKeyConstraint]]:
    for table in Base.metadata.sorted_tables:
        for key in sorted(table.foreign_key_constraints, key=rule_name):
            yield table.name, key


def rule_name(key: Any) -> str:
    """The name as the database holds it: SQLAlchemy shortens what is longer than 63 characters."""
    from sqlalchemy.dialects import postgresql

    return str(postgresql.dialect().identifier_preparer.format_constraint(key))
