-- Functions of hass_definer for the trail: digests to seal, and who opened a patient's own record.

-- Of two servers that counted transactions on their own, one after the other, the order of writing (seq) says which
-- one wrote a row: p_after is the last seq of the server before, p_upto that of the server in question. Where no server
-- was before, p_after is 0 and holds nothing back: a forged row may have any seq.

-- Where a batch that begins with the transaction p_from ends: no later than the oldest transaction still at work, so
-- that a commit that comes late is never missed, and after about p_most rows. Equal to p_from: nothing to seal.
CREATE FUNCTION audit_batch_end(p_from bigint, p_after bigint, p_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  ended bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  last bigint;
BEGIN
  IF coalesce(current_setting('hass.scope', true), '') <> 'network' THEN
    RETURN p_from;
  END IF;
  SELECT max(batch.transaction_id) INTO last
    FROM (SELECT l.transaction_id FROM audit_logs l
           WHERE l.transaction_id >= p_from AND l.transaction_id < ended AND (p_after = 0 OR l.seq > p_after)
           ORDER BY l.transaction_id LIMIT p_most) AS batch;
  RETURN coalesce(last + 1, p_from);
END
$$;

-- SHA-256 of each whole row of these transactions, in the order of writing. What the rows say stays inside. Instants
-- are microseconds since 1970, so that no time zone speaks.
CREATE FUNCTION audit_digests(p_from bigint, p_before bigint, p_after bigint, p_upto bigint)
RETURNS TABLE (seq bigint, month text, id uuid, digest bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF coalesce(current_setting('hass.scope', true), '') <> 'network' THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT l.seq, to_char(l.created_at AT TIME ZONE 'UTC', 'YYYY-MM'), l.id, sha256(convert_to(concat(
           'hass-audit-1',
           audit_part(l.id::text),
           audit_part((extract(epoch FROM l.created_at) * 1000000)::bigint::text),
           audit_part((extract(epoch FROM l.updated_at) * 1000000)::bigint::text),
           audit_part(l.seq::text), audit_part(l.transaction_id::text), audit_part(l.user_id::text),
           audit_part(l.user_role), audit_part(l.user_hospital_id::text), audit_part(l.action),
           audit_part(l.act), audit_part(l.event_type), audit_part(l.subtype), audit_part(l.purpose),
           audit_part(l.outcome::text), audit_part(l.outcome_desc), audit_part(l.resource_type),
           audit_part(l.resource_id::text), audit_part(l.patient_id::text), audit_part(l.hospital_id::text),
           audit_part(l.region_id::text), coalesce(audit_canonical(l.before_state), '~'),
           coalesce(audit_canonical(l.after_state), '~'), coalesce(audit_canonical(l.query), '~'),
           audit_part(l.request_id), audit_part(host(l.ip_address) || '/' || masklen(l.ip_address)),
           audit_part(l.user_agent)), 'UTF8'))
    FROM audit_logs l WHERE l.transaction_id >= p_from AND l.transaction_id < p_before
     AND (p_after = 0 OR l.seq > p_after) AND l.seq <= p_upto
   ORDER BY l.transaction_id, l.seq, l.id;
END
$$;

-- What no seal covers yet, and what fell outside the months that were made ahead.
CREATE FUNCTION audit_waiting(p_from bigint, p_after bigint)
RETURNS TABLE (waiting bigint, oldest timestamptz, in_default bigint, months_ahead integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT count(*), min(l.created_at),
         (SELECT count(*) FROM audit_logs d WHERE d.tableoid = 'audit_logs_default'::regclass),
         (SELECT count(*)::integer FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'audit_logs'::regclass
             AND c.relname > 'audit_logs_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')
             AND c.relname <> 'audit_logs_default')
    FROM audit_logs l WHERE l.transaction_id >= p_from AND (p_after = 0 OR l.seq > p_after);
END
$$;

-- Who opened the record of the patient who asks, newest first: his own files, and nothing else of the trail.
CREATE FUNCTION own_record_openings(p_before timestamptz, p_before_id uuid, p_limit integer)
RETURNS TABLE (id uuid, opened_at timestamptz, name text, role text, hospital_name text, file_hospital text,
               timezone text, purpose text, is_emergency boolean, is_own boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  person uuid := nullif(current_setting('hass.person_id', true), '')::uuid;
  caller uuid := nullif(current_setting('hass.user_id', true), '')::uuid;
BEGIN
  IF coalesce(current_setting('hass.scope', true), '') <> 'self' OR person IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT l.id, l.created_at, nullif(concat_ws(' ', u.title, u.first_name, u.last_name), ''),
         coalesce(r.display_name, l.user_role), h.name, f.name, f.timezone, l.purpose,
         coalesce(l.subtype = '110127' OR l.purpose = 'ETREAT', false), coalesce(l.user_id = caller, false)
    FROM patients p
    JOIN hospitals f ON f.id = p.hospital_id
    JOIN audit_logs l ON l.patient_id = p.id
    LEFT JOIN users u ON u.id = l.user_id
    LEFT JOIN roles r ON r.name = l.user_role
    LEFT JOIN hospitals h ON h.id = l.user_hospital_id
   WHERE p.person_id = person AND l.outcome = 0 AND (l.action = 'R' OR l.subtype = '110127')
     AND (p_before IS NULL OR (l.created_at, l.id) < (p_before, p_before_id))
   ORDER BY l.created_at DESC, l.id DESC LIMIT least(p_limit, 101);
END
$$;
