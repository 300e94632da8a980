"""The SQL of merges and links: one statement a question. Bound values only; the parts put together are constants."""

from app.features.identity.rules import UNLESS

NAME = "nullif(concat_ws(' ', {0}.title, {0}.first_name, {0}.last_name), '')"

FILES = """
SELECT p.id, p.mrn, p.first_name, p.last_name, p.date_of_birth, p.date_of_birth_precision, p.gender, p.phone, p.email,
       p.address, p.blood_group, p.is_active, p.is_deceased, p.user_id IS NOT NULL AS has_portal_login,
       p.merged_into_id, p.updated_at,
       (SELECT coalesce(json_agg(n.type || ' ' || n.value ORDER BY n.type, n.value), '[]'::json)
          FROM person_identifiers n WHERE n.person_id = p.person_id) AS identifiers,
       (SELECT count(*) FROM visits v WHERE v.patient_id = p.id) AS visits,
       (SELECT count(*) FROM visits v WHERE v.patient_id = p.id AND v.status IN ('active', 'on_leave')) AS open_visits,
       (SELECT count(*) FROM allergies a WHERE a.hospital_id = p.hospital_id AND a.patient_id = p.id) AS allergies,
       (SELECT count(*) FROM appointments a WHERE a.patient_id = p.id) AS appointments,
       audit_event('R', '110110', 'patients', p.id, p.id) AS audited
  FROM patients p WHERE p.id IN (:survivor_id, :loser_id)"""

OPEN_STAY = "v.status IN ('active', 'on_leave') AND v.visit_type = 'inpatient'"
BUSY = "('scheduled', 'checked_in', 'in_progress')"

# What makes the two files contradict each other; each column is an obstacle of rules.OBSTACLES.
OBSTACLES = f"""
SELECT EXISTS (SELECT FROM visits v WHERE v.patient_id = :survivor_id AND {OPEN_STAY})
       AND EXISTS (SELECT FROM visits v WHERE v.patient_id = :loser_id AND {OPEN_STAY}) AS inpatient,
       EXISTS (SELECT FROM appointments s JOIN appointments l ON l.patient_id = :loser_id
                WHERE s.patient_id = :survivor_id AND s.status IN {BUSY} AND l.status IN {BUSY}
                  AND s.scheduled_at < l.ends_at AND l.scheduled_at < s.ends_at) AS appointments,
       EXISTS (SELECT FROM patient_alerts s JOIN patient_alerts l ON l.hospital_id = s.hospital_id
                   AND l.patient_id = :loser_id AND l.alert_type = s.alert_type
                WHERE s.hospital_id = :hospital_id AND s.patient_id = :survivor_id AND s.alert_type = 'code_status'
                  AND s.value <> l.value AND (s.until IS NULL OR s.until > :now)
                  AND (l.until IS NULL OR l.until > :now)) AS alerts,
       (SELECT count(DISTINCT p.spo2_scale) > 1 FROM patients p
         WHERE p.id IN (:survivor_id, :loser_id) AND p.spo2_scale_set_at IS NOT NULL) AS scales,
       (SELECT count(DISTINCT p.is_deceased) > 1 FROM patients p WHERE p.id IN (:survivor_id, :loser_id)) AS deceased,
       (SELECT NOT p.is_active FROM patients p WHERE p.id = :survivor_id) AS survivor_closed,
       (SELECT NOT p.is_active FROM patients p WHERE p.id = :loser_id) AS loser_closed"""

# Visits before files, as every act of the ward takes them; each in the order of their keys.
HOLD_PEOPLE = "SELECT person_hold(CAST(:files AS uuid[]), CAST(:person_id AS uuid))"
HOLD_VISITS = """
SELECT v.id FROM visits v WHERE v.hospital_id = :hospital_id AND v.patient_id IN (:survivor_id, :loser_id)
 ORDER BY v.id FOR UPDATE"""
ACT = "SELECT set_config('hass.act', :act, true)"

MERGE_PEOPLE = "SELECT person_merge(:merge_id, :loser_id, :survivor_id, :reason, :now)"
UNMERGE_PEOPLE = "SELECT person_unmerge(:merge_id, :loser_id, :reason, :now)"


def move_sql(table: str) -> str:
    """Moves the loser's rows of `table`, each with its line in the journal."""
    unless = f" AND {UNLESS[table]}" if table in UNLESS else ""
    return f"""
WITH moved AS (
  UPDATE {table} t SET patient_id = :survivor_id
   WHERE t.hospital_id = :hospital_id AND t.patient_id = :loser_id{unless} RETURNING t.id)
INSERT INTO merge_journal (id, hospital_id, merge_id, table_name, row_id, column_name, old_value, new_value)
SELECT new_id(), :hospital_id, :merge_id, '{table}', m.id, 'patient_id', CAST(:loser_id AS text),
       CAST(:survivor_id AS text) FROM moved m"""


def move_back_sql(table: str) -> str:
    """Gives back what the journal of this merge names, where it has not moved on since."""
    return f"""
UPDATE {table} t SET patient_id = :loser_id
  FROM merge_journal j
 WHERE j.hospital_id = :hospital_id AND j.merge_id = :merge_id AND j.table_name = '{table}'
   AND j.column_name = 'patient_id' AND t.id = j.row_id AND t.patient_id = :survivor_id"""


MERGES = f"""
SELECT m.id, m.survivor_id, s.mrn AS survivor_mrn, m.loser_id, l.mrn AS loser_mrn, s.last_name, s.first_name,
       s.date_of_birth, s.date_of_birth_precision, l.last_name AS loser_last_name, l.first_name AS loser_first_name,
       m.reason, m.merged_at, {NAME.format("b")} AS merged_by, m.undone_at, {NAME.format("u")} AS undone_by,
       m.undo_reason,
       (SELECT coalesce(json_object_agg(c.table_name, c.moved), '{{{{}}}}'::json)
          FROM (SELECT j.table_name, count(*) AS moved FROM merge_journal j
                 WHERE j.hospital_id = m.hospital_id AND j.merge_id = m.id AND j.column_name = 'patient_id'
                 GROUP BY j.table_name ORDER BY j.table_name) c) AS moved
  FROM patient_merges m
  JOIN patients s ON s.id = m.survivor_id JOIN patients l ON l.id = m.loser_id
  LEFT JOIN users b ON b.id = m.merged_by_id LEFT JOIN users u ON u.id = m.undone_by_id
 WHERE m.hospital_id = :hospital_id AND {{which}}
 ORDER BY m.merged_at DESC, m.id DESC LIMIT :limit"""
ONE_MERGE = MERGES.format(which="m.id = :merge_id")
PAGE_OF_MERGES = MERGES.format(
    which="((:after_id)::uuid IS NULL OR (m.merged_at, m.id) < (:after_at, (:after_id)::uuid))"
)

LINKS = f"""
SELECT p.id AS patient_id, p.person_id,
       (SELECT coalesce(json_agg(e.name ORDER BY e.name), '[]'::json) FROM person_elsewhere(p.id) e) AS other_hospitals,
       (SELECT coalesce(json_agg(json_build_object('id', l.id, 'act', l.act, 'reason', l.reason,
                                                   'linked_at', l.linked_at, 'linked_by', {NAME.format("u")})
                                 ORDER BY l.linked_at DESC, l.id DESC), '[]'::json)
          FROM person_links l LEFT JOIN users u ON u.id = l.linked_by_id
         WHERE l.hospital_id = p.hospital_id AND l.patient_id = p.id) AS items,
       audit_event('R', '110110', 'person_links', p.id, p.id) AS audited
  FROM patients p WHERE p.id = :patient_id"""

# The function writes its own event to the trail, with how many it found.
CANDIDATES = """
SELECT c.person_id, c.name, c.birth_year, c.gender, c.hospital_name, c.score::float AS score,
       EXISTS (SELECT FROM patients f WHERE f.hospital_id = :hospital_id AND f.person_id = c.person_id
                  AND f.merged_into_id IS NULL) AS has_file_here
  FROM person_candidates(:names, :born_on, :gender, :phone, NULL) c
 WHERE c.person_id <> :person_id
 ORDER BY c.score DESC, c.person_id"""
LINK = "SELECT person_link(:id, :patient_id, :person_id, :reason, :now)"
UNLINK = "SELECT person_unlink(:id, :patient_id, :new_id, :reason, :now)"
