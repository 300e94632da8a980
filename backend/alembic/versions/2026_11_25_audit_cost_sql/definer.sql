-- The functions that write the trail. Each adds its entry by one statement: every expression that PL/pgSQL evaluates on
-- its own is prepared anew in each transaction.

-- Every row that a statement inserted into a table of the hospitals, which hold no secrets.
CREATE OR REPLACE FUNCTION audit_new_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO audit_logs (id, user_id, user_role, user_hospital_id, action, act, event_type, subtype, purpose,
                          resource_type, resource_id, patient_id, hospital_id, region_id, after_state, request_id,
                          ip_address, user_agent)
  SELECT new_id(), nullif(current_setting('hass.user_id', true), '')::uuid,
         nullif(current_setting('hass.role', true), ''),
         CASE WHEN nullif(current_setting('hass.user_id', true), '') IS NOT NULL
              THEN nullif(current_setting('hass.hospital_id', true), '')::uuid END,
         'C', nullif(current_setting('hass.act', true), ''), 'rest', 'create',
         nullif(current_setting('hass.purpose', true), ''), TG_TABLE_NAME, (made ->> 'id')::uuid,
         (made ->> CASE TG_TABLE_NAME WHEN 'patients' THEN 'id' ELSE 'patient_id' END)::uuid,
         coalesce((made ->> 'hospital_id')::uuid, nullif(current_setting('hass.hospital_id', true), '')::uuid),
         nullif(current_setting('hass.region_id', true), '')::uuid, made,
         nullif(current_setting('hass.request_id', true), ''),
         nullif(current_setting('hass.address', true), '')::inet,
         -- By hand on psql there is no agent; the login says who it was.
         coalesce(nullif(current_setting('hass.agent', true), ''), 'sql:' || session_user)
    -- OFFSET 0, or the planner would turn each row into JSON once for every place that names it.
    FROM (SELECT to_jsonb(n) AS made FROM new_rows AS n OFFSET 0) AS inserted;
  RETURN NULL;
END
$$;

-- Every row that was changed or removed, and new rows of the network. Argument list: columns whose values are masked.
CREATE OR REPLACE FUNCTION audit_row_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  before_fields jsonb := to_jsonb(OLD);
  after_fields jsonb := to_jsonb(NEW);
  any_row jsonb := coalesce(after_fields, before_fields);
  kind text[];
  masked text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT coalesce(jsonb_object_agg(was.key, was.value), '{}'),
           coalesce(jsonb_object_agg(was.key, after_fields -> was.key), '{}')
      INTO before_fields, after_fields
      FROM jsonb_each(before_fields) AS was WHERE was.value IS DISTINCT FROM after_fields -> was.key;
  END IF;
  -- Changes of all other tables are of one kind.
  IF TG_TABLE_NAME IN ('roles', 'sessions', 'users') THEN
    kind := audit_kind(TG_TABLE_NAME, TG_OP, before_fields, after_fields);
  END IF;
  IF TG_NARGS > 0 THEN
    FOREACH masked IN ARRAY TG_ARGV LOOP
      IF before_fields ->> masked IS NOT NULL THEN
        before_fields := before_fields || jsonb_build_object(masked, '***');
      END IF;
      IF after_fields ->> masked IS NOT NULL THEN
        after_fields := after_fields || jsonb_build_object(masked, '***');
      END IF;
    END LOOP;
  END IF;
  INSERT INTO audit_logs (id, user_id, user_role, user_hospital_id, action, act, event_type, subtype, purpose,
                          resource_type, resource_id, patient_id, hospital_id, region_id, before_state, after_state,
                          request_id, ip_address, user_agent)
  VALUES (
    new_id(), nullif(current_setting('hass.user_id', true), '')::uuid,
    nullif(current_setting('hass.role', true), ''),
    CASE WHEN nullif(current_setting('hass.user_id', true), '') IS NOT NULL
         THEN nullif(current_setting('hass.hospital_id', true), '')::uuid END,
    CASE TG_OP WHEN 'INSERT' THEN 'C' WHEN 'UPDATE' THEN 'U' ELSE 'D' END,
    nullif(current_setting('hass.act', true), ''),
    coalesce(kind[1], 'rest'),
    coalesce(kind[2], CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END),
    nullif(current_setting('hass.purpose', true), ''),
    TG_TABLE_NAME,
    (any_row ->> 'id')::uuid,
    (any_row ->> CASE TG_TABLE_NAME WHEN 'patients' THEN 'id' ELSE 'patient_id' END)::uuid,
    CASE TG_TABLE_NAME WHEN 'hospitals' THEN (any_row ->> 'id')::uuid
      ELSE coalesce((any_row ->> 'hospital_id')::uuid, (any_row ->> 'source_hospital_id')::uuid,
                    nullif(current_setting('hass.hospital_id', true), '')::uuid) END,
    CASE TG_TABLE_NAME WHEN 'regions' THEN (any_row ->> 'id')::uuid
      ELSE coalesce(any_row ->> 'region_id', nullif(current_setting('hass.region_id', true), ''))::uuid END,
    before_fields, after_fields,
    nullif(current_setting('hass.request_id', true), ''),
    nullif(current_setting('hass.address', true), '')::inet,
    -- By hand on psql there is no agent; the login says who it was.
    coalesce(nullif(current_setting('hass.agent', true), ''), 'sql:' || session_user)
  );
  RETURN NULL;
END
$$;
