-- What the foundation made for hass_definer, as it stood there.

CREATE OR REPLACE FUNCTION audit_new_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  caller uuid := nullif(current_setting('hass.user_id', true), '')::uuid;
  in_hospital uuid := nullif(current_setting('hass.hospital_id', true), '')::uuid;
  in_region uuid := nullif(current_setting('hass.region_id', true), '')::uuid;
  its_patient text := CASE TG_TABLE_NAME WHEN 'patients' THEN 'id' ELSE 'patient_id' END;
BEGIN
  INSERT INTO audit_logs (id, user_id, user_role, user_hospital_id, action, act, event_type, subtype, purpose,
                          resource_type, resource_id, patient_id, hospital_id, region_id, after_state, request_id,
                          ip_address, user_agent)
  SELECT new_id(), caller, nullif(current_setting('hass.role', true), ''),
         CASE WHEN caller IS NOT NULL THEN in_hospital END, 'C', nullif(current_setting('hass.act', true), ''),
         'rest', 'create', nullif(current_setting('hass.purpose', true), ''), TG_TABLE_NAME,
         (made ->> 'id')::uuid, (made ->> its_patient)::uuid, coalesce((made ->> 'hospital_id')::uuid, in_hospital),
         in_region, made, nullif(current_setting('hass.request_id', true), ''),
         nullif(current_setting('hass.address', true), '')::inet,
         -- By hand on psql there is no agent; the login says who it was.
         coalesce(nullif(current_setting('hass.agent', true), ''), 'sql:' || session_user)
    FROM (SELECT to_jsonb(n) AS made FROM new_rows AS n) AS inserted;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION audit_row_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  any_row jsonb := coalesce(new_row, old_row);
  before_fields jsonb := old_row;
  after_fields jsonb := new_row;
  masked text;
  kind text[];
  caller uuid := nullif(current_setting('hass.user_id', true), '')::uuid;
  in_hospital uuid := nullif(current_setting('hass.hospital_id', true), '')::uuid;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, new_row -> o.key)
      INTO before_fields, after_fields
      FROM jsonb_each(old_row) o WHERE o.value IS DISTINCT FROM new_row -> o.key;
    before_fields := coalesce(before_fields, '{}');
    after_fields := coalesce(after_fields, '{}');
  END IF;
  kind := audit_kind(TG_TABLE_NAME, TG_OP, before_fields, after_fields);
  FOR i IN 0 .. TG_NARGS - 1 LOOP
    masked := TG_ARGV[i];
    IF before_fields ->> masked IS NOT NULL THEN
      before_fields := before_fields || jsonb_build_object(masked, '***');
    END IF;
    IF after_fields ->> masked IS NOT NULL THEN
      after_fields := after_fields || jsonb_build_object(masked, '***');
    END IF;
  END LOOP;
  INSERT INTO audit_logs (id, user_id, user_role, user_hospital_id, action, act, event_type, subtype, purpose,
                          resource_type, resource_id, patient_id, hospital_id, region_id, before_state, after_state,
                          request_id, ip_address, user_agent)
  VALUES (
    new_id(), caller, nullif(current_setting('hass.role', true), ''),
    CASE WHEN caller IS NOT NULL THEN in_hospital END,
    CASE TG_OP WHEN 'INSERT' THEN 'C' WHEN 'UPDATE' THEN 'U' ELSE 'D' END,
    nullif(current_setting('hass.act', true), ''),
    kind[1], kind[2], nullif(current_setting('hass.purpose', true), ''),
    TG_TABLE_NAME,
    (any_row ->> 'id')::uuid,
    CASE TG_TABLE_NAME WHEN 'patients' THEN (any_row ->> 'id')::uuid ELSE (any_row ->> 'patient_id')::uuid END,
    CASE TG_TABLE_NAME WHEN 'hospitals' THEN (any_row ->> 'id')::uuid
      ELSE coalesce((any_row ->> 'hospital_id')::uuid, (any_row ->> 'source_hospital_id')::uuid, in_hospital) END,
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
