"""The SQL of the network's record and of the review queue. Bound values only."""

from app.access.policies import TREATS

LIVE = "g.ended_at IS NULL AND g.expires_at > now()"
NAME = "concat_ws(' ', u.title, u.first_name, u.last_name)"

# The file, whether this hospital treats its person, and the reader's live emergency access.
REACH = f"""
SELECT p.id, p.person_id, p.is_deceased, {TREATS} AS treats, g.id AS grant_id, g.reason, g.granted_at, g.expires_at
  FROM patients p
  LEFT JOIN LATERAL (
       SELECT g.* FROM access_grants g
        WHERE g.user_id = :user_id AND g.person_id = p.person_id AND {LIVE}
        ORDER BY g.expires_at DESC LIMIT 1) g ON true
 WHERE p.id = :patient_id"""

# Which of them the reader may see is the policies' to say.
RECORDS = """
SELECT e.id, e.record_type, e.version, e.confidentiality, e.source_hospital_id, h.name AS source_hospital,
       e.synced_at, e.data
  FROM emr_global e CROSS JOIN LATERAL hospital_label(e.source_hospital_id) h
 WHERE e.person_id = :person_id AND e.status = 'synced'
   AND e.source_hospital_id <> (SELECT p.hospital_id FROM patients p WHERE p.id = :patient_id)
   AND ((:after_id)::uuid IS NULL OR (e.synced_at, e.id) < (:after_at, (:after_id)::uuid))
 ORDER BY e.synced_at DESC, e.id DESC LIMIT :limit"""

# Names of the staff are not a patient's to read otherwise; the function tells those of his own record.
USED = f"""
SELECT g.id, h.name AS hospital, coalesce(held.name, nullif({NAME}, '')) AS used_by,
       coalesce(held.role_title, r.display_name) AS role, g.reason, g.granted_at, g.expires_at, g.ended_at
  FROM patients p JOIN access_grants g ON g.person_id = p.person_id
 CROSS JOIN LATERAL hospital_label(g.hospital_id) h
  LEFT JOIN LATERAL grant_holder(g.user_id) held ON true
  LEFT JOIN users u ON u.id = g.user_id
  LEFT JOIN roles r ON r.id = u.role_id
 WHERE p.id = :patient_id
 ORDER BY g.granted_at DESC, g.id DESC LIMIT 100"""

STATES = {
    "open": "g.reviewed_at IS NULL AND LEAST(g.ended_at, g.expires_at) > :now",
    "waiting": "g.reviewed_at IS NULL AND LEAST(g.ended_at, g.expires_at) <= :now",
    "reviewed": "g.reviewed_at IS NOT NULL",
    "all": "true",
}

# The oldest first: what waits longest comes first. Reviewed ones the newest first.
QUEUE = f"""
SELECT g.id, g.patient_id, p.mrn, p.first_name, p.last_name, p.date_of_birth, g.user_id AS used_by_id,
       {NAME} AS used_by, r.display_name AS role, g.reason, g.granted_at, g.expires_at, g.ended_at, g.reviewed_at,
       concat_ws(' ', w.title, w.first_name, w.last_name) AS reviewer, g.review_outcome AS outcome,
       g.review_comment AS comment,
       CASE WHEN g.reviewed_at IS NOT NULL THEN 'reviewed'
            WHEN LEAST(g.ended_at, g.expires_at) > :now THEN 'open' ELSE 'waiting' END AS state,
       (SELECT count(*) FROM audit_logs a
         WHERE a.patient_id = g.patient_id AND a.user_id = g.user_id AND a.created_at >= g.granted_at
           AND a.created_at <= g.expires_at + INTERVAL '1 minute' AND a.resource_type = 'emr_global'
           AND a.outcome = 0 AND a.query ->> 'access_grant' = g.id::text) AS opened
  FROM access_grants g
  JOIN patients p ON p.hospital_id = g.hospital_id AND p.id = g.patient_id
  JOIN users u ON u.id = g.user_id JOIN roles r ON r.id = u.role_id
  LEFT JOIN users w ON w.id = g.reviewed_by_id
 WHERE g.hospital_id = :hospital_id AND {{state}} AND {{after}}
 ORDER BY g.granted_at {{direction}}, g.id {{direction}} LIMIT :limit"""

WAITING = f"SELECT count(*) FROM access_grants g WHERE g.hospital_id = :hospital_id AND {STATES['waiting']}"


def queue_sql(state: str) -> str:
    """The statement for one state; every part put together here is a constant of this file."""
    newest_first = state in ("reviewed", "all")
    direction, sign = ("DESC", "<") if newest_first else ("ASC", ">")
    after = f"((:after_id)::uuid IS NULL OR (g.granted_at, g.id) {sign} (:after_at, (:after_id)::uuid))"
    return QUEUE.format(state=STATES[state], after=after, direction=direction)
