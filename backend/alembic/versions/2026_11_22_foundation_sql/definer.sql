-- Functions of hass_definer: what must see past the policies, each with a fixed search_path.

-- Every row that a statement inserted into a table of the hospitals, which hold no secrets.
CREATE FUNCTION audit_new_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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

-- Every row that was changed or removed, and new rows of the network. Argument list: columns whose values are masked.
CREATE FUNCTION audit_row_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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

-- The one other way to add a row to the trail: reads, searches, refusals, sign-ins. Why a record is read follows from
-- the reader's role unless it is said: treatment, the hospital's work, or the patient himself.
CREATE FUNCTION audit_event(
  p_action text, p_event_type text, p_resource_type text, p_resource_id uuid, p_patient_id uuid DEFAULT NULL,
  p_outcome smallint DEFAULT 0, p_outcome_desc text DEFAULT NULL, p_query jsonb DEFAULT NULL,
  p_subtype text DEFAULT NULL, p_purpose text DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  made uuid := new_id();
  caller uuid := nullif(current_setting('hass.user_id', true), '')::uuid;
  caller_role text := nullif(current_setting('hass.role', true), '');
  in_hospital uuid := nullif(current_setting('hass.hospital_id', true), '')::uuid;
  in_region uuid := nullif(current_setting('hass.region_id', true), '')::uuid;
  of_hospital uuid := in_hospital;
BEGIN
  IF caller IS NULL AND in_hospital IS NULL AND p_resource_type = 'users' AND p_resource_id IS NOT NULL THEN
    -- A refused sign-in belongs to the hospital and region of the account that was tried.
    SELECT u.hospital_id, u.region_id INTO of_hospital, in_region FROM users u WHERE u.id = p_resource_id;
  END IF;
  INSERT INTO audit_logs (id, user_id, user_role, user_hospital_id, action, act, event_type, subtype, purpose, outcome,
                          outcome_desc, resource_type, resource_id, patient_id, hospital_id, region_id, query,
                          request_id, ip_address, user_agent)
  VALUES (made, caller, caller_role, CASE WHEN caller IS NOT NULL THEN in_hospital END, p_action,
    nullif(current_setting('hass.act', true), ''), p_event_type, p_subtype,
    coalesce(p_purpose, nullif(current_setting('hass.purpose', true), ''), CASE WHEN p_patient_id IS NOT NULL THEN
      CASE WHEN caller_role IN ('doctor', 'nurse', 'lab_tech', 'pharmacist') THEN 'TREAT'
           WHEN caller_role IN ('manager', 'reception') THEN 'HOPERAT'
           WHEN caller_role = 'patient' THEN 'PATRQT' END END),
    p_outcome, p_outcome_desc, p_resource_type, p_resource_id, p_patient_id, of_hospital, in_region, p_query,
    nullif(current_setting('hass.request_id', true), ''),
    nullif(current_setting('hass.address', true), '')::inet,
    coalesce(nullif(current_setting('hass.agent', true), ''), 'sql:' || session_user));
  RETURN made;
END
$$;

-- Sign-in: the row to check a password against. Only for an e-mail typed in full.
CREATE FUNCTION sign_in_find(p_email text)
RETURNS TABLE (user_id uuid, password_hash text, may_sign_in boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, u.password_hash, u.is_active AND NOT u.is_deleted FROM users u WHERE u.email = p_email::citext
$$;

CREATE FUNCTION session_start(
  p_id uuid, p_user_id uuid, p_refresh_hash text, p_cookie_hash text, p_expires_at timestamptz, p_request_id text,
  p_address inet, p_agent text
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM set_config('hass.user_id', p_user_id::text, true), set_config('hass.act', 'sign_in', true),
          set_config('hass.request_id', coalesce(p_request_id, ''), true),
          set_config('hass.address', coalesce(host(p_address), ''), true),
          set_config('hass.agent', coalesce(p_agent, ''), true);
  PERFORM set_config('hass.hospital_id', coalesce(u.hospital_id::text, ''), true),
          set_config('hass.region_id', coalesce(u.region_id::text, ''), true), set_config('hass.role', r.name, true)
     FROM users u JOIN roles r ON r.id = u.role_id WHERE u.id = p_user_id;
  INSERT INTO sessions (id, user_id, refresh_hash, cookie_hash, expires_at, ip_address, user_agent)
  VALUES (p_id, p_user_id, p_refresh_hash, p_cookie_hash, p_expires_at, p_address, p_agent);
  UPDATE users SET last_login = now() WHERE id = p_user_id;
END
$$;

-- What a request needs of its sign-in, in one round trip: checks it, sets the tenancy context, returns the actor.
-- No row = not signed in (any more); is_locked = a page that was quiet for p_idle or locked by hand. The context is
-- then empty.
CREATE FUNCTION session_open(
  p_session uuid, p_cookie_hash text, p_idle interval, p_act text, p_request_id text, p_address inet, p_agent text
) RETURNS TABLE (
  user_id uuid, session_id uuid, email text, first_name text, last_name text, title text, role text, role_title text,
  scope text, region_id uuid, hospital_id uuid, person_id uuid, region_name text, region_code text,
  hospital_name text, hospital_code text, timezone text, theme jsonb, permissions jsonb,
  alerts integer, is_locked boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  caller record;
  is_open boolean;
BEGIN
  SELECT u.id AS user_id, s.id AS session_id, u.email::text AS email, u.first_name, u.last_name, u.title,
         r.name AS role, r.display_name AS role_title, r.scope::text AS scope,
         coalesce(u.region_id, own.region_id) AS region_id, u.hospital_id, p.person_id,
         g.name AS region_name, g.code AS region_code, h.name AS hospital_name, h.code AS hospital_code,
         h.timezone, coalesce(g.theme_settings, '{}') AS theme, r.permissions,
         (SELECT count(*) FROM notifications n
           WHERE n.recipient_user_id = u.id AND n.channel = 'in_app' AND n.read_at IS NULL)::integer AS alerts,
         s.last_used_at,
         s.cookie_hash IS NOT NULL AND (s.locked_at IS NOT NULL
           OR coalesce(s.last_used_at, s.created_at) < clock_timestamp() - p_idle) AS is_locked
    INTO caller
    FROM sessions s
    JOIN users u ON u.id = s.user_id
    JOIN roles r ON r.id = u.role_id
    LEFT JOIN patients p ON p.user_id = u.id
    LEFT JOIN hospitals own ON own.id = p.hospital_id
    LEFT JOIN hospitals h ON h.id = coalesce(u.hospital_id, p.hospital_id)
    LEFT JOIN regions g ON g.id = coalesce(u.region_id, own.region_id)
   WHERE s.id = coalesce(p_session, (SELECT c.id FROM sessions c WHERE c.cookie_hash = p_cookie_hash))
     AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
     AND u.is_active AND NOT u.is_deleted
     AND (u.password_changed_at IS NULL OR s.created_at >= u.password_changed_at);
  is_open := coalesce(NOT caller.is_locked, false);
  PERFORM set_config('hass.user_id', CASE WHEN is_open THEN caller.user_id::text ELSE '' END, true),
          set_config('hass.scope', CASE WHEN is_open THEN caller.scope ELSE '' END, true),
          set_config('hass.role', CASE WHEN is_open THEN caller.role ELSE '' END, true),
          set_config('hass.region_id', CASE WHEN is_open AND caller.scope IN ('region', 'hospital')
                                            THEN coalesce(caller.region_id::text, '') ELSE '' END, true),
          set_config('hass.hospital_id', CASE WHEN is_open THEN coalesce(caller.hospital_id::text, '') ELSE '' END, true),
          set_config('hass.person_id', CASE WHEN is_open AND caller.scope = 'self'
                                            THEN coalesce(caller.person_id::text, '') ELSE '' END, true),
          set_config('hass.act', coalesce(p_act, ''), true),
          set_config('hass.request_id', coalesce(p_request_id, ''), true),
          set_config('hass.address', coalesce(host(p_address), ''), true),
          set_config('hass.agent', coalesce(p_agent, ''), true);
  IF is_open AND coalesce(caller.last_used_at < clock_timestamp() - interval '1 minute', true) THEN
    -- Of several requests at once one takes the note; the others do not wait for its transaction.
    UPDATE sessions s SET last_used_at = clock_timestamp()
     WHERE s.id = (SELECT o.id FROM sessions o WHERE o.id = caller.session_id FOR UPDATE SKIP LOCKED);
  END IF;
  IF caller.user_id IS NOT NULL THEN
    RETURN QUERY SELECT caller.user_id, caller.session_id, caller.email, caller.first_name, caller.last_name, caller.title,
      caller.role, caller.role_title, caller.scope, caller.region_id, caller.hospital_id, caller.person_id,
      caller.region_name, caller.region_code, caller.hospital_name, caller.hospital_code, caller.timezone, caller.theme,
      caller.permissions, caller.alerts, caller.is_locked;
  END IF;
END
$$;

-- A refresh token is used once. A second use means that two hold it, so the whole family ends. The hash begins with
-- that of the family's mark: what was made up from the id of a sign-in is no second use, and ends nothing.
-- Returns 'rotated', 'reused' or 'ended'.
CREATE FUNCTION session_rotate(
  p_session uuid, p_presented_hash text, p_new_hash text, p_expires_at timestamptz, p_request_id text,
  p_address inet, p_agent text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  family record;
BEGIN
  SELECT s.refresh_hash, s.user_id, u.hospital_id, u.region_id,
         s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND u.is_active AND NOT u.is_deleted
         AND (u.password_changed_at IS NULL OR s.created_at >= u.password_changed_at) AS live
    INTO family
    FROM sessions s JOIN users u ON u.id = s.user_id
   WHERE s.id = p_session AND s.refresh_hash IS NOT NULL
     FOR UPDATE OF s;
  IF NOT coalesce(family.live, false)
     OR split_part(family.refresh_hash, ':', 1) <> split_part(p_presented_hash, ':', 1) THEN
    RETURN 'ended';
  END IF;
  PERFORM set_config('hass.user_id', family.user_id::text, true), set_config('hass.act', 'refresh', true),
          set_config('hass.hospital_id', coalesce(family.hospital_id::text, ''), true),
          set_config('hass.region_id', coalesce(family.region_id::text, ''), true),
          set_config('hass.request_id', coalesce(p_request_id, ''), true),
          set_config('hass.address', coalesce(host(p_address), ''), true),
          set_config('hass.agent', coalesce(p_agent, ''), true);
  IF family.refresh_hash <> p_presented_hash THEN
    UPDATE sessions SET ended_at = now(), end_reason = 'refresh_reused' WHERE id = p_session;
    RETURN 'reused';
  END IF;
  UPDATE sessions SET refresh_hash = p_new_hash, expires_at = p_expires_at, last_used_at = now(),
                      refresh_count = refresh_count + 1
   WHERE id = p_session;
  RETURN 'rotated';
END
$$;

-- Ends one of the caller's own sign-ins; false where there is none that lives.
CREATE FUNCTION session_end(p_session uuid, p_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE sessions SET ended_at = now(), end_reason = p_reason
   WHERE id = p_session AND ended_at IS NULL
     AND user_id = nullif(current_setting('hass.user_id', true), '')::uuid;
  RETURN FOUND;
END
$$;

-- A new human being of the network, with the numbers that name her: [{"type", "system", "value"}].
CREATE FUNCTION person_create(
  p_id uuid, p_first_name text, p_last_name text, p_date_of_birth date, p_gender text, p_identifiers jsonb
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)
  VALUES (p_id, p_first_name, p_last_name, p_date_of_birth, coalesce(p_gender, 'unknown'));
  INSERT INTO person_identifiers (id, person_id, type, system, value)
  SELECT new_id(), p_id, i.type, i.system, i.value
    FROM jsonb_to_recordset(coalesce(p_identifiers, '[]')) AS i (type text, system text, value text);
  RETURN p_id;
END
$$;

-- Whom the given numbers name: an import shares a person on an equal type, system and value only.
CREATE FUNCTION person_match(p_identifiers jsonb)
RETURNS TABLE (person_id uuid, date_of_birth date, type text, system text, value text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT p.id, p.date_of_birth, n.type::text, n.system, n.value
    FROM jsonb_to_recordset(coalesce(p_identifiers, '[]')) AS i (type text, system text, value text)
    JOIN person_identifiers n ON n.system = i.system AND n.value = i.value AND n.type = i.type
    JOIN persons p ON p.id = n.person_id
$$;

-- At most five people of the network that the person before us may be, best first. Registration's one look past
-- its own hospital; names and year of birth only, and every call is in the trail.
CREATE FUNCTION person_candidates(
  p_names text, p_born_on date, p_gender text, p_phone text, p_national_id text
) RETURNS TABLE (person_id uuid, name text, birth_year integer, gender text, hospital_name text, score numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  found_rows integer;
BEGIN
  RETURN QUERY
  WITH likely AS (
    SELECT f.id FROM patients f WHERE p_names IS NOT NULL
       AND (f.search_family_given % p_names OR f.search_given_family % p_names)
    UNION
    SELECT f.id FROM patients f JOIN person_identifiers n ON n.person_id = f.person_id
     WHERE n.value = p_national_id
    UNION
    SELECT f.id FROM patients f WHERE f.phone_digits = p_phone AND f.date_of_birth = p_born_on
  ), scored AS (
    SELECT DISTINCT ON (p.id) p.id, concat_ws(' ', p.first_name, p.last_name) AS full_name,
           extract(year FROM p.date_of_birth)::integer AS born, p.gender::text AS sex, h.name AS hospital,
           CASE WHEN EXISTS (SELECT FROM person_identifiers n WHERE n.person_id = p.id AND n.value = p_national_id)
                THEN 1.0
                ELSE 0.5 * greatest(similarity(f.search_family_given, coalesce(p_names, '')),
                                    similarity(f.search_given_family, coalesce(p_names, '')))
                   + CASE WHEN p.date_of_birth = p_born_on THEN 0.3
                          WHEN extract(year FROM p.date_of_birth) = extract(year FROM p_born_on) THEN 0.1 ELSE 0 END
                   + CASE WHEN f.phone_digits = p_phone THEN 0.12 ELSE 0 END
                   + CASE WHEN p.gender = p_gender THEN 0.05 ELSE 0 END
           END::numeric(4, 3) AS points
      FROM likely l JOIN patients f ON f.id = l.id JOIN persons p ON p.id = f.person_id
      JOIN hospitals h ON h.id = f.hospital_id
     WHERE p.merged_into_id IS NULL
     ORDER BY p.id, points DESC
  )
  SELECT s.id, s.full_name, s.born, s.sex, s.hospital, s.points FROM scored s
   WHERE s.points >= 0.35 ORDER BY s.points DESC, s.id LIMIT 5;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  PERFORM audit_event('E', '110112', 'persons', NULL, NULL, 0::smallint, NULL,
                      jsonb_build_object('search', 'person_candidates', 'names_given', p_names IS NOT NULL,
                                         'born_on_given', p_born_on IS NOT NULL,
                                         'national_id_given', p_national_id IS NOT NULL, 'found', found_rows));
END
$$;
