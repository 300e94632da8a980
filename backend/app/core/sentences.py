"""What a rule of the database says to the person who ran into it: constraint name > sentence.

Every sentence says what to do, in the ward's words, and holds no value: it may end in a log. Rules that need their
own words stand in SENTENCES; keys, chosen values and triggers follow from their names."""

import re

# What is taken, as the field that names it: rule > field.
TAKEN = {
    "regions_code_key": "code",
    "hospitals_code_key": "code",
    "users_email_key": "email",
}
# What is typed in a form of its own: pattern > what it needs, after the name of the field.
# No sign that a letter's header reads as something else: "<a@b.example>" would be another account's mailbox.
_PART = r"[^@\s<>()\[\],;:\"]+"
EMAIL = rf"^{_PART}@{_PART}\.{_PART}$"
CODE = r"^[A-Z][A-Z0-9]{1,11}$"
# What stands on one line, and telephone numbers as people write them.
LINE = r"^[^\x00-\x1f\x7f]+$"
PHONE = r"^\+?[0-9 ()./-]{5,30}$"
NUMBER = r"^[A-Za-z0-9][A-Za-z0-9 ./-]{2,39}$"
# Any visible sign of ASCII, as a header may hold it.
IDEMPOTENCY_KEY = r"^[!-~]+$"
FORMS = {
    LINE: "needs to stand on one line, in letters and signs that can be printed",
    PHONE: "needs digits, such as +1 555 010 0142",
    NUMBER: "needs 3 to 40 letters and digits, as on the document",
    EMAIL: "needs an address such as name@hospital.example, without blanks",
    IDEMPOTENCY_KEY: "needs 8 to 200 letters, digits and signs, without blanks",
    CODE: "needs 2 to 12 capital letters and digits, a letter first",
}

# Table > (one row of it, in words).
THINGS = {
    "access_grants": "emergency access",
    "ai_drafts": "draft",
    "allergies": "allergy",
    "appointments": "appointment",
    "audit_logs": "audit entry",
    "audit_seals": "seal of the audit trail",
    "bed_assignments": "bed stay",
    "bed_cleanings": "cleaning of a bed",
    "beds": "bed",
    "care_assignments": "care assignment",
    "diagnoses": "diagnosis",
    "discharge_summaries": "discharge summary",
    "emr_global": "published record",
    "emr_local": "record",
    "escalations": "call for help",
    "fluid_entries": "fluid entry",
    "form_drafts": "unsent form",
    "handovers": "hand-over",
    "hospitals": "hospital",
    "idempotency_keys": "repeated request",
    "import_sources": "import entry",
    "inventory": "stock item",
    "lab_results": "result",
    "lab_tests": "laboratory test",
    "merge_journal": "line of a merge's journal",
    "mrn_counters": "MRN counter",
    "notifications": "message",
    "nurse_logs": "nursing note",
    "password_links": "link for a password",
    "patient_alerts": "alert",
    "patient_identifiers": "identifier",
    "patient_merges": "merge of two files",
    "patients": "patient file",
    "person_identifiers": "identifier of a person",
    "person_links": "link of a file",
    "persons": "person",
    "prescriptions": "prescription",
    "regions": "region",
    "roles": "role",
    "sessions": "sign-in",
    "sign_in_delays": "delay of sign-ins",
    "transfer_requests": "request for a transfer",
    "users": "user",
    "visits": "visit",
    "vitals": "set of vital signs",
}

# Columns that take one of a fixed set of values.
CHOICES = {
    "access_grants": ("review_outcome",),
    "ai_drafts": ("draft_type", "status"),
    "allergies": ("category", "criticality", "clinical_status", "verification_status", "reaction_severity"),
    "appointments": ("status",),
    "audit_logs": ("action",),
    "audit_seals": ("kind",),
    "beds": ("bed_type", "status"),
    "care_assignments": ("role",),
    "diagnoses": ("role",),
    "discharge_summaries": ("disposition",),
    "emr_global": ("confidentiality", "status"),
    "emr_local": ("status", "kept_reason"),
    "escalations": ("risk", "status", "level"),
    "fluid_entries": ("direction", "kind"),
    "handovers": ("care_role", "status", "illness_severity"),
    "inventory": ("item_type",),
    "lab_results": ("comparator", "interpretation", "status"),
    "lab_tests": ("urgency", "status"),
    "notifications": ("channel", "status"),
    "nurse_logs": ("log_type", "status"),
    "password_links": ("purpose", "close_reason"),
    "patient_alerts": ("alert_type", "end_reason"),
    "patients": ("date_of_birth_precision", "gender", "blood_group"),
    "person_identifiers": ("type",),
    "person_links": ("act",),
    "persons": ("gender",),
    "prescriptions": ("status", "discharge_decision"),
    "roles": ("scope",),
    "sessions": ("end_reason",),
    "sign_in_delays": ("kind",),
    "transfer_requests": ("gender", "status"),
    "users": ("scope",),
    "visits": ("visit_type", "status", "disposition", "sync_status"),
    "vitals": ("consciousness", "news2_state", "status"),
}

SENTENCES: dict[str, str] = {
    # Organisation
    "users_last_admin": "This is the last active super administrator. Give somebody else the role first.",
    "users_not_oneself": "Nobody changes his own role or switches himself off. Ask another administrator.",
    "lab_results_acknowledged_pair_check": "A critical result that was taken note of names who did and when.",
    "lab_results_second_person": "Whoever entered this result does not verify it here. Ask a colleague to verify it.",
    "regions_code_format_check": "A region's code is 2 to 12 capital letters and digits, a letter first.",
    "regions_name_given_check": "Give the region a name.",
    "regions_theme_object_check": "A region's theme is a set of named colours and a logo.",
    "regions_code_key": "Another region has this code. Choose another.",
    "roles_named_check": "A role has a key and a name to read.",
    "roles_permissions_array_check": "A role's permissions are a list of permission keys.",
    "roles_super_admin_keeps_check": "The super administrator keeps the rights to manage roles and users.",
    "roles_name_key": "There is a role of this name already.",
    "roles_id_scope_key": "This role is recorded already.",
    "regions_open_hospitals": "This region has open hospitals. Close them first.",
    "hospitals_open_visits": "This hospital has open visits. It can be closed when the last patient has left.",
    "hospitals_code_format_check": "A hospital's code is 2 to 12 capital letters and digits, a letter first.",
    "hospitals_name_given_check": "Give the hospital a name.",
    "hospitals_bed_capacity_range_check": "The licensed number of beds is 0 or more.",
    "hospitals_timezone_known_check": "Choose a time zone from the IANA list, such as America/New_York.",
    "hospitals_timezone_iana_check": "Write the time zone as its IANA name, such as America/New_York.",
    "hospitals_code_key": "Another hospital of the network has this code. Choose another.",
    # People who sign in
    "users_role_id_scope_fkey": "A user's reach is that of the role. Choose an existing role.",
    "users_region_id_hospital_id_fkey": "That hospital is not in that region. Choose the two together.",
    "users_scope_reach_check": (
        "Staff belong to a region and a hospital, a regional administrator to a region only, and network"
        " administrators and patients to neither."
    ),
    "users_login_complete_check": "A login needs both an e-mail address and a password.",
    "users_login_or_imported_check": "Give the user an e-mail address to sign in with.",
    "users_email_format_check": "Write the e-mail address as name@domain, without blanks.",
    "users_password_hash_bcrypt_check": "The password could not be stored safely. Set it again.",
    "users_last_name_given_check": "Give the user a last name.",
    "users_email_key": "This e-mail address is taken; it stays taken when its user leaves. Re-activate that user.",
    "sessions_cookie_hash_key": "This sign-in is taken. Sign in again.",
    "sessions_ended_pair_check": "A sign-in that has ended says when and why.",
    "sessions_expires_later_check": "A sign-in lapses after it began, not before.",
    "password_links_token_hash_key": "This link is taken. Ask for another.",
    "password_links_open_key": "Another link was made a moment ago. Use the newest one.",
    "password_links_closed_pair_check": "A link that works no more says since when and why.",
    "password_links_expires_later_check": "A link lapses after it was made, not before.",
    "sign_in_delays_kind_key_hash_key": "These failed sign-ins are counted already.",
    "sign_in_delays_failures_range_check": "The number of failed sign-ins is 0 or more.",
    "form_drafts_user_id_page_form_key": "This form is being kept already. Try again.",
    "form_drafts_page_length_check": "The address of the page is too long for its form to be kept.",
    "form_drafts_form_length_check": "The address of the form is too long for it to be kept.",
    "form_drafts_fields_object_check": "A kept form is a set of named fields.",
    "idempotency_keys_user_id_key_key": "A request with this Idempotency-Key is being worked on. Wait for its answer.",
    "idempotency_keys_key_length_check": "An Idempotency-Key has 8 to 200 characters.",
    "idempotency_keys_response_status_range_check": "A kept answer has a status from 200 to 599.",
    # People and their files
    "persons_network_number_key": "This network number is taken. Try again.",
    "persons_last_name_given_check": "Give a last name; for an unknown patient use the temporary identity.",
    "persons_date_of_birth_range_check": "Check the year of birth.",
    "persons_merged_into_other_check": "A person cannot be merged into himself. Choose the other one.",
    "person_identifiers_value_given_check": "An identifier needs a number and the system that issued it.",
    "person_identifiers_system_value_type_key": "This number already names a person. Open that person instead.",
    "patients_hospital_id_person_id_key": "This person has a file at this hospital already. Open that one.",
    "patients_mrn_format_check": "An MRN is the hospital's code, a dash and 7 to 11 digits.",
    "patients_last_name_given_check": "Give a last name; for an unknown patient use the temporary identity.",
    "patients_date_of_birth_range_check": "Check the year of birth.",
    "patients_deceased_pair_check": "An instant of death belongs to a patient recorded as deceased.",
    "patients_spo2_scale_check": "The SpO2 scale is 1 or 2.",
    "patients_spo2_scale_reason_given_check": "Say why the patient is measured on that scale.",
    "patients_spo2_scale_pair_check": "The SpO2 scale carries who set it and when.",
    "patients_no_known_allergies_pair_check": "'No known allergies' carries when it was recorded.",
    "patients_user_id_key": "This portal login belongs to another file already.",
    "patients_identity_note_given_check": "Say what is known of the patient, or leave it empty.",
    "patients_mrn_key": "This MRN is taken. Try again for the next number.",
    "patient_identifiers_value_given_check": "Give the identifier's number.",
    "patient_identifiers_hospital_id_patient_id_system_value_6df2": "The file carries this identifier already.",
    "allergies_substance_given_check": "Name the substance.",
    "allergies_authored_complete_check": "An allergy names who recorded it.",
    "patients_hospital_id_merged_into_id_fkey": "The file to merge into is not there. Choose another.",
    "patients_merged_is_closed_check": "A file that was merged into another is closed. Open the other one.",
    "patients_merged_into_other_check": "A file cannot be merged into itself. Choose the other one.",
    "patients_merged_person": "This person was merged with another a moment ago. Look at the candidates again.",
    "patients_person": "Whose file this is changes by link, unlink and merge only.",
    "allergies_verified_pair_check": "Who judged an allergy and when belong together.",
    "allergies_refuted_has_reason_check": "Say why the allergy is refuted or struck out.",
    "allergies_struck_out": "This allergy was entered in error. Record it anew where it is true.",
    "patient_merges_two_files_check": "A file cannot be merged into itself. Choose the other one.",
    "patient_merges_reason_length_check": "Say in 3 to 500 characters why the two files are of one patient.",
    "patient_merges_undone_together_check": "Undoing a merge carries who did it, when, and why in 3 to 500 characters.",
    "patient_merges_undone_after_merged_check": "A merge is undone after it was made. Check both times.",
    "patient_merges_one_live_key": "This file was merged a moment ago. Open the file that is used now.",
    "merge_journal_append_only_check": "The journal of a merge is never changed.",
    "merge_journal_value_changed_check": "The journal of a merge holds what changed.",
    "merge_journal_merge_id_table_name_row_id_column_name_key": "This change is in the merge's journal already.",
    "person_links_from_given_check": "A link names whose file it was; that of a new file names nobody.",
    "person_links_two_people_check": "The file is of this person already.",
    "person_links_reason_length_check": "Say in 3 to 500 characters why.",
    "person_links_merge_named_check": "A link that a merge made names the merge, and no other does.",
    "person_links_identifiers_listed_check": "The numbers that moved along are a list.",
    "person_links_append_only_check": "The journal of links is never changed.",
    "patient_alerts_value_known_check": "Choose which code status or which isolation it is.",
    "patient_alerts_value_given_check": "Say in words what the alert is about.",
    "patient_alerts_until_after_since_check": "An alert cannot end before it begins. Check the two.",
    "patient_alerts_ended_pair_check": "An alert that was ended names who ended it, why and when.",
    "patient_alerts_authored_complete_check": "An alert names who recorded it.",
    "patient_alerts_one_at_a_time_excl": "The file has such an alert for that time already. End that one first.",
    "mrn_counters_hospital_id_key": "The hospital has its MRN counter already.",
    "mrn_counters_last_number_range_check": "The hospital's MRNs are used up. Tell the administrator.",
    # Visits
    "visits_discharge_after_admission_check": "The discharge cannot come before the admission. Check both times.",
    "visits_ended_has_date_check": "A visit that ended has its time of departure. Enter it.",
    "visits_started_has_date_check": "A visit that began has its time of admission. Enter it.",
    "visits_open_has_no_discharge_check": "An open visit has no time of departure. Discharge the patient first.",
    "visits_discharge_ordered_pair_check": "An ordered discharge carries who ordered it and when.",
    "visits_synced_pair_check": "A published visit carries the time of its publication, and only then.",
    "visits_one_open_inpatient_key": "The patient has an open inpatient visit here. Open that one.",
    "visits_planned_has_no_discharge_check": "A planned visit has no time of departure. Start it first.",
    "visits_instants_finite_check": "Enter a day and a time that a calendar has.",
    "visits_triage_level_range_check": "The triage level is 1, most urgent, to 5.",
    "visits_triaged_together_check": "A triage level carries who triaged and when.",
    "visits_death_is_certified_check": "A death names the doctor who certified it.",
    "visits_status_reason_given_check": "Say why the visit is cancelled or entered in error.",
    "visits_bed_left": "The visit still has a bed. Free it first.",
    "visits_doctor": "Choose a doctor of this hospital.",
    "appointments_doctor": "Choose a doctor of this hospital.",
    "diagnoses_entered_in_error_pair_check": "A diagnosis that was struck out names who did it and when.",
    "discharge_summaries_visit_id_version_key": "Somebody wrote this version a moment ago. Reload and look.",
    "discharge_summaries_version_range_check": "Versions of a summary count from 1.",
    "discharge_summaries_signed_is_complete_check": (
        "A signed summary has the reason for the stay, procedures, care provided, condition, disposition and"
        " follow-up. Complete it."
    ),
    "discharge_summaries_signed_informs_or_refused_check": (
        "Say what patient and family were told; against advice, enter when the refusal was signed instead."
    ),
    "discharge_summaries_signed_pair_check": "A signed summary carries who signed it and when.",
    "discharge_summaries_instants_finite_check": "Enter a day and a time that a calendar has.",
    "discharge_summaries_signed": "This summary is signed and stays as it is. Write an amendment instead.",
    "transfer_requests_between_two_check": "Choose another hospital than your own.",
    "transfer_requests_handed_over_check": "Say why the patient is to be transferred, and what the receiver must know.",
    "transfer_requests_last_name_given_check": "The request names the patient.",
    "transfer_requests_answered_together_check": "An answered request names who answered and when.",
    "transfer_requests_answer_is_named_check": "An answered request names who answered and when.",
    "transfer_requests_accepted_has_visit_check": "An accepted request has the visit that the receiver opened.",
    "transfer_requests_declined_has_reason_check": "Say why the patient cannot be taken.",
    "transfer_requests_closed_pair_check": "A closed request carries when it was closed, and only then.",
    "transfer_requests_instants_finite_check": "Enter a day and a time that a calendar has.",
    "transfer_requests_one_open_key": "A transfer is asked for already. Withdraw that request first.",
    "diagnoses_rank_range_check": "Diagnoses are ranked from 1.",
    "diagnoses_text_given_check": "Say the diagnosis in words.",
    "diagnoses_authored_complete_check": "A diagnosis names its author.",
    "diagnoses_visit_id_role_rank_key": "The visit has a diagnosis of this kind and rank. Choose the next rank.",
    # Beds
    "beds_open_visit": "This visit has ended or not started: it takes no bed. Look at the visit.",
    "beds_instants_finite_check": "Enter a day and a time that a calendar has.",
    "beds_named_check": "A bed has a number and a ward.",
    "beds_occupied_assigned_check": "An occupied bed names its patient, visit and time; any other bed none of them.",
    "beds_reserved_named_check": "A reserved bed names the visit and until when; any other bed neither.",
    "beds_hospital_id_bed_number_key": "The hospital has a bed of this number. Choose another.",
    "beds_assigned_visit_id_key": "This patient lies in another bed. Free that one first.",
    "beds_off_is_empty_check": "Somebody lies in this bed, or it is reserved. Free it before it is switched off.",
    "beds_stay": "The bed was taken or reserved for somebody else. Choose another.",
    "beds_out_of_use_reason_check": "Only a bed that is closed or in maintenance has a reason for it.",
    "bed_cleanings_cleaner_named_check": "A cleaning names who cleaned.",
    "bed_cleanings_cleaned_after_began_check": "A bed is clean after it began to wait for it. Check the time.",
    "bed_cleanings_terminal_complete_check": "After isolation every step of the checklist is done. Tick each of them.",
    "bed_assignments_released_after_assigned_check": "A stay in a bed ends after it began. Check both times.",
    "bed_assignments_bed_overlap_excl": "Somebody else lies in this bed at that time. Choose another bed or time.",
    "bed_assignments_visit_overlap_excl": "The patient lies in another bed at that time. Free that one first.",
    # Who cares for whom
    "care_assignments_until_after_from_check": "Care ends after it began. Check both times.",
    "care_assignments_one_at_a_time_excl": "This colleague cares for the patient already.",
    "care_assignments_one_in_charge_excl": "Another doctor is in charge at that time. Hand the patient over instead.",
    # Vital signs
    "vitals_temperature_range_check": "Temperature is 20.0 to 45.0 °C. Check the value and its unit.",
    "vitals_heart_rate_range_check": "Heart rate is 0 to 350 a minute.",
    "vitals_blood_pressure_systolic_range_check": "Systolic pressure is 0 to 350 mmHg.",
    "vitals_blood_pressure_diastolic_range_check": "Diastolic pressure is 0 to 250 mmHg.",
    "vitals_respiratory_rate_range_check": "Respiration is 0 to 100 a minute.",
    "vitals_spo2_range_check": "SpO2 is a percentage, 0 to 100.",
    "vitals_weight_range_check": "Weight is 0.2 to 700 kg. Check the value and its unit.",
    "vitals_height_range_check": "Height is 20 to 280 cm. Check the value and its unit.",
    "vitals_oxygen_flow_lpm_range_check": "Oxygen flow is 0 to 80 litres a minute.",
    "vitals_fio2_percent_range_check": "Inspired oxygen is 21 to 100 %.",
    "vitals_pain_range_check": "Pain is a score from 0 to 10.",
    "vitals_blood_pressure_both_check": "Enter both blood pressures or neither.",
    "vitals_blood_pressure_order_check": "The diastolic pressure is below the systolic. Check the two.",
    "vitals_spo2_scale_check": "The SpO2 scale is 1 or 2.",
    "vitals_something_measured_check": "Enter at least one vital sign.",
    "vitals_oxygen_flow_on_oxygen_check": "A patient on air has no oxygen flow. Check the two.",
    "vitals_authored_complete_check": "A set of vital signs names who took it.",
    "vitals_amends_other_check": "A set cannot correct itself. Choose the earlier one.",
    "vitals_news2_total_range_check": "NEWS2 is 0 to 20 points.",
    "vitals_news2_scored_check": "A NEWS2 total stands for a complete set only. Record the set again.",
    "vitals_next_due_later_check": "The next set is due after this one. Record the set again.",
    "vitals_late_reason_given_check": "Say why the set is entered so late.",
    "vitals_error_told_check": "A set that is struck out says when, by whom and why.",
    "escalations_score_range_check": "NEWS2 is 0 to 20 points.",
    "escalations_acknowledged_pair_check": "An acknowledged call says when and by whom.",
    "escalations_waiting_climbs_check": "A call that was answered, or has reached the manager, climbs no more.",
    "escalations_answer_given_check": "Say what was done when you acknowledge the call, or leave it empty.",
    "escalations_one_raised_key": "This patient has a call that waits already. Acknowledge that one.",
    "vitals_amends_id_key": "This set has been corrected already. Correct the newest one.",
    # Notes and records
    "nurse_logs_content_given_check": "Write what happened before you save the note.",
    "nurse_logs_authored_complete_check": "A nursing note names its author.",
    "emr_local_locked": "The visit has ended and its record is locked. Write an amendment instead.",
    "nurse_logs_amends_other_check": "A note cannot take its own place. Choose the earlier one.",
    "nurse_logs_amends_id_key": "This note has been amended already. Amend the newest version.",
    "nurse_logs_amended_has_reason_check": "Say why the note is amended.",
    "nurse_logs_struck_complete_check": "A note that was struck out says who did it, when and why.",
    "handovers_to_other_check": "Nobody hands a patient over to himself. Choose a colleague.",
    "handovers_given_complete_check": "Choose who receives, how ill the patient is, and fill in the three texts.",
    "handovers_words_given_check": "Write the hand-over in words.",
    "handovers_accepted_complete_check": "Say in your own words what you understood, then accept.",
    "handovers_withdrawn_pair_check": "A withdrawn hand-over says when it was withdrawn, and only that one.",
    "handovers_one_waiting_key": "You are handing this patient over already. Withdraw that hand-over first.",
    "fluid_entries_kind_fits_check": "That kind of fluid does not go that way. Choose another kind.",
    "fluid_entries_volume_ml_range_check": "An amount is 0 to 20,000 mL. Check it and its unit.",
    "fluid_entries_amends_other_check": "An entry cannot correct itself. Choose the earlier one.",
    "fluid_entries_amends_id_key": "This entry has been corrected already. Correct the newest one.",
    "fluid_entries_amended_has_reason_check": "Say why the entry is corrected.",
    "fluid_entries_struck_complete_check": "An entry that was struck out says who did it, when and why.",
    "emr_local_record_type_given_check": "Say what kind of record this is.",
    "emr_local_data_object_check": "A record's content is a set of named fields.",
    "emr_local_version_range_check": "Versions are counted from 1.",
    "emr_local_signed_pair_check": "A signature carries who signed and when.",
    "emr_local_kept_is_imported_check": "Only an imported record says why it was kept whole.",
    "emr_local_authored_complete_check": "A record names its author.",
    "import_sources_append_only_check": "Where an import came from is never changed.",
    "emr_global_record_type_given_check": "Say what kind of record this is.",
    "emr_global_data_object_check": "A record's content is a set of named fields.",
    "emr_global_version_range_check": "Versions are counted from 1.",
    "emr_global_synced_pair_check": "A published record carries the time of its publication.",
    "emr_global_source_hospital_id_source_record_id_version_key": "This version of the record is published already.",
    "access_grants_reason_length_check": "Say in 10 to 500 characters why this cannot wait.",
    "access_grants_sixty_minutes_check": "Emergency access lasts 60 minutes.",
    "access_grants_ended_in_time_check": "Emergency access ends between its start and its 60th minute.",
    "access_grants_reviewed_together_check": "A review carries who reviewed, when, and what was found.",
    "access_grants_reviewed_after_end_check": "This emergency access is still open. Review it once it has ended.",
    "access_grants_reviewed_by_other_check": "Nobody reviews an emergency access of his own. Leave it to a colleague.",
    "access_grants_comment_of_review_check": "A comment belongs to a review. Say what was found.",
    "access_grants_not_justified_has_comment_check": "Say why the emergency access was not justified.",
    "access_grants_one_live_excl": "You have emergency access to this person already. Open the record.",
    "import_sources_hospital_id_system_resource_type_resource_id_key": "This resource was imported already.",
    # Laboratory
    "lab_tests_test_type_given_check": "Say which test is wanted.",
    "lab_tests_instants_rise_check": "The steps of a test follow each other in time. Check their times.",
    "lab_tests_completed_pair_check": "A completed test carries the time of completion, and only a completed one.",
    "lab_tests_cancelled_pair_check": "A cancelled test carries the time of cancelling, and only a cancelled one.",
    "lab_tests_pending_not_accepted_check": "A test that waits for acceptance has no time of acceptance.",
    "lab_tests_steps_have_instants_check": "Each step of a test carries its time. Enter it.",
    "lab_tests_released_is_completed_check": "Complete the test before you release its result.",
    "lab_tests_result_file_key_check": "The report is stored through HASS. Upload the PDF again.",
    "lab_tests_authored_complete_check": "A test names its visit and who ordered it.",
    "lab_results_name_given_check": "Name what was measured.",
    "lab_results_value_given_check": "A result has a number or words. Enter one.",
    "lab_results_numbers_finite_check": "A result and its limits are plain numbers. Check them.",
    "lab_results_reference_order_check": "The lower limit lies at or below the upper one. Check the two.",
    "lab_results_comparator_of_number_check": "< and > belong to a number. Enter the number.",
    "lab_results_rank_range_check": "Results are numbered from 1.",
    "lab_results_corrects_other_check": "A result cannot correct itself. Choose the earlier one.",
    "lab_results_corrects_id_key": "This result has been corrected already. Correct the newest one.",
    # Prescriptions
    "prescriptions_reconciled_together_check": "A decision about an order carries who made it and when.",
    "prescriptions_medication_name_given_check": "Name the medicine.",
    "prescriptions_end_after_start_check": "The last day cannot come before the first. Check the two.",
    "prescriptions_duration_days_range_check": "The course lasts 1 to 3650 days.",
    "prescriptions_dose_value_range_check": "A dose is more than 0.",
    "prescriptions_dose_pair_check": "A dose has a number and a unit. Enter both or neither.",
    "prescriptions_max_per_24h_range_check": "The most doses in 24 hours is more than 0.",
    "prescriptions_quantity_range_check": "The quantity is more than 0, and refills are 0 or more.",
    "prescriptions_as_needed_has_maximum_check": "A medicine given as needed has a most in 24 hours. Enter it.",
    "prescriptions_signed_pair_check": "A signature carries who signed and when.",
    "prescriptions_active_is_signed_check": "Sign the prescription first.",
    "prescriptions_discontinued_has_reason_check": "Say why the medicine is stopped.",
    "prescriptions_authored_complete_check": (
        "A prescription names its visit, prescriber, dosage, frequency and route. Enter what is missing."
    ),
    # Appointments
    "appointments_duration_minutes_range_check": "An appointment lasts 5 to 480 minutes.",
    "appointments_ends_at_held_check": "An appointment ends when its minutes are over. Check start and length.",
    "appointments_cancelled_pair_check": "A cancelled appointment carries the time of cancelling, and only that one.",
    "appointments_cancelled_has_reason_check": "Say why the appointment is cancelled.",
    "appointments_checked_in_pair_check": "Check the patient in first.",
    "appointments_authored_complete_check": "An appointment names who booked it.",
    "appointments_doctor_overlap_excl": "The doctor has another appointment at that time. Choose another time.",
    "appointments_patient_overlap_excl": "The patient has another appointment at that time. Choose another time.",
    "appointments_reschedules_other_check": "An appointment cannot replace itself. Choose the earlier one.",
    "appointments_reschedules_id_key": "This appointment was moved already. Move the newest one.",
    # Stock
    "inventory_named_check": "A stock item has a name, a code and a unit.",
    "inventory_quantity_range_check": "There is not that much left. Stock never falls below 0.",
    "inventory_quantity_whole_check": "This item is counted whole. Enter a whole number.",
    "inventory_threshold_alert_range_check": "The alert threshold is 0 or more.",
    "inventory_hospital_id_item_code_lot_number_expiry_date_key": "This lot is in stock already. Receive into it.",
    # Messages, trail, drafts
    "notifications_message_given_check": "A message says something. Write it.",
    "notifications_retry_count_range_check": "The message has used up its tries. Queue it again.",
    "notifications_sent_pair_check": "A sent message carries the time of sending.",
    "notifications_delivered_pair_check": "A delivered message carries the time of delivery.",
    "notifications_failed_pair_check": "A failed message carries the time and the reason.",
    "notifications_address_given_check": "Give the address or number the message goes to.",
    "notifications_notification_type_subject_id_recipient_us_7c8f": "This person was told already over this channel.",
    "audit_logs_append_only_check": "The audit trail is never changed.",
    "audit_logs_outcome_code_check": "An outcome is 0, 4, 8 or 12.",
    "audit_seals_append_only_check": "A seal is never changed.",
    "audit_seals_number_range_check": "Seals are numbered from 1.",
    "audit_seals_number_key": "This seal was made a moment ago. Look at the chain again.",
    "audit_seals_month_format_check": "A month is written like 2026-11.",
    "audit_seals_transactions_order_check": "A batch ends after it begins.",
    "audit_seals_entries_complete_check": "A seal holds 48 bytes for each of its rows.",
    "audit_seals_seal_hex_check": "A seal is 64 hexadecimal digits.",
    "ai_drafts_content_object_check": "A draft's content is a set of named fields.",
    "ai_drafts_reviewed_pair_check": "A decided draft carries the reviewer and the time, and only a decided one.",
    "ai_drafts_rejected_has_reason_check": "Say why the draft is rejected.",
}


# References whose column does not name a thing by itself.
REFERENCES = {
    "amends": "entry to correct",
    "assigned_to": "colleague to assign",
    "corrects": "result to correct",
    "merged_into": "person to merge into",
    "recipient_user": "recipient",
    "reschedules": "appointment to move",
    "reserved_for_visit": "visit to reserve for",
}


def _words(column: str) -> str:
    name = column.removesuffix("_id")
    if name.endswith("_by"):
        return f'user under "{name.replace("_", " ")}"'
    return REFERENCES.get(name, name.replace("_", " "))


SENTENCES |= {
    f"{table}_{column}_check": f"Choose one of the known values of {_words(column)} for this {THINGS[table]}."
    for table, columns in CHOICES.items()
    for column in columns
}

# What the triggers raise (their functions put these names on the error).
SENTENCES |= {f"{table}_append_only": f"A written {thing} stays as it is." for table, thing in THINGS.items()}
SENTENCES |= {
    f"{table}_fixed": f"That part of this {thing} never changes once it is written. Make a new one instead."
    for table, thing in THINGS.items()
}
SENTENCES |= {
    f"{table}_merged_file": "This file was merged into another. Open the one that is used now."
    for table in ("allergies", "appointments", "patient_alerts", "visits")
}
SENTENCES |= {
    f"{table}_machine": f"This {THINGS[table]} does not go there from where it stands. Reload and look at its state."
    for table in (
        "ai_drafts",
        "appointments",
        "beds",
        "escalations",
        "handovers",
        "lab_tests",
        "notifications",
        "prescriptions",
        "transfer_requests",
        "visits",
    )
}


def sentence_for(constraint: str | None) -> str | None:
    """What to tell a person whom the database refused by the rule `constraint`; None for a name that is not ours.

    >>> sentence_for("vitals_spo2_range_check")
    'SpO2 is a percentage, 0 to 100.'
    >>> sentence_for("visits_hospital_id_patient_id_fkey")
    'The patient of this visit is not there, or does not belong with it. Choose another.'
    """
    if constraint is None:
        return None
    if constraint in SENTENCES:
        return SENTENCES[constraint]
    table = max((name for name in THINGS if constraint.startswith(f"{name}_")), key=len, default=None)
    if table is None:
        return None
    rule = constraint.removeprefix(f"{table}_")
    if rule.endswith("_fkey"):
        # The last column says what is referred to; those before it only hold the tenant and the patient together.
        last = re.findall(r"[a-z0-9_]+?_id(?=_|$)", rule.removesuffix("_fkey"))[-1].strip("_")
        return f"The {_words(last)} of this {THINGS[table]} is not there, or does not belong with it. Choose another."
    if rule.endswith("_not_null"):
        return f"The {_words(rule.removesuffix('_not_null'))} of this {THINGS[table]} is missing. Enter it."
    if rule.endswith("pkey") or re.fullmatch(r"(\w+_)?id_key", rule):
        return f"This {THINGS[table]} is recorded already. Reload and look."
    return None
