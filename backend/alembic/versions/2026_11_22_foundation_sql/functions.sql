-- Functions of triggers that act with the caller's rights.

-- A sign-in notes when it was and changes nothing of its user: a form that shows the user is as true as before.
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'users' THEN
    IF to_jsonb(NEW) <> to_jsonb(OLD) AND to_jsonb(NEW) - 'last_login' = to_jsonb(OLD) - 'last_login' THEN
      RETURN NEW;
    END IF;
  END IF;
  NEW.updated_at := now();
  RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% refuses % on %', TG_NAME, TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION refuse_fixed_columns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_row jsonb := to_jsonb(OLD);
  new_row jsonb := to_jsonb(NEW);
  fixed text;
BEGIN
  FOREACH fixed IN ARRAY TG_ARGV LOOP
    IF old_row -> fixed IS DISTINCT FROM new_row -> fixed
       AND NOT (fixed = 'patient_id' AND coalesce(current_setting('hass.act', true), '') = 'merge_files') THEN
      RAISE EXCEPTION '% of % never changes', fixed, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_fixed', TABLE = TG_TABLE_NAME,
              COLUMN = fixed;
    END IF;
  END LOOP;
  RETURN NEW;
END
$$;

-- Arguments: columns that are written once. What stands there already never changes.
CREATE FUNCTION refuse_rewritten_columns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_row jsonb := to_jsonb(OLD);
  new_row jsonb := to_jsonb(NEW);
  once text;
BEGIN
  FOREACH once IN ARRAY TG_ARGV LOOP
    IF old_row ->> once IS NOT NULL AND old_row -> once IS DISTINCT FROM new_row -> once THEN
      RAISE EXCEPTION '% of % is written once', once, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_fixed', TABLE = TG_TABLE_NAME,
              COLUMN = once;
    END IF;
  END LOOP;
  RETURN NEW;
END
$$;

-- Arguments: first state; {"state": ["states it may move to"]}. An imported row may start in any state.
CREATE FUNCTION enforce_machine() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moves jsonb := TG_ARGV[1]::jsonb;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> TG_ARGV[0] AND to_jsonb(NEW) ->> 'source' IS NULL THEN
      RAISE EXCEPTION '% starts as %, not as %', TG_TABLE_NAME, TG_ARGV[0], NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_machine', TABLE = TG_TABLE_NAME,
              COLUMN = 'status';
    END IF;
  ELSIF NEW.status IS DISTINCT FROM OLD.status AND NOT coalesce(moves -> OLD.status ? NEW.status, false) THEN
    RAISE EXCEPTION '% does not move from % to %', TG_TABLE_NAME, OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_machine', TABLE = TG_TABLE_NAME,
            COLUMN = 'status';
  END IF;
  RETURN NEW;
END
$$;

-- An occupied bed keeps its visit until it is left; a reserved one takes the visit it was reserved for.
CREATE FUNCTION enforce_bed_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'occupied' AND NEW.status = 'occupied'
     AND (NEW.assigned_visit_id, NEW.assigned_at) IS DISTINCT FROM (OLD.assigned_visit_id, OLD.assigned_at) THEN
    RAISE EXCEPTION 'the bed is occupied' USING ERRCODE = 'check_violation', CONSTRAINT = 'beds_stay', TABLE = 'beds';
  END IF;
  IF OLD.status = 'reserved' AND NEW.status IN ('reserved', 'occupied')
     AND coalesce(NEW.assigned_visit_id, NEW.reserved_for_visit_id) IS DISTINCT FROM OLD.reserved_for_visit_id THEN
    RAISE EXCEPTION 'the bed is reserved for another visit'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'beds_stay', TABLE = 'beds';
  END IF;
  RETURN NEW;
END
$$;

-- UUID version 7 for rows that no application makes (RFC 9562, 5.7): 48 bits of milliseconds, then random bits.
CREATE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
              FROM 1 FOR 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

CREATE FUNCTION keep_bed_history() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.status = 'occupied' AND NEW.status <> 'occupied' THEN
    UPDATE bed_assignments SET released_at = greatest(now(), assigned_at)
     WHERE hospital_id = OLD.hospital_id AND bed_id = OLD.id AND released_at IS NULL;
  ELSIF NEW.status = 'occupied' AND OLD.status <> 'occupied' THEN
    INSERT INTO bed_assignments (id, hospital_id, bed_id, patient_id, visit_id, assigned_at, assigned_by_id)
    VALUES (new_id(), NEW.hospital_id, NEW.id, NEW.assigned_patient_id, NEW.assigned_visit_id, NEW.assigned_at,
            nullif(current_setting('hass.user_id', true), '')::uuid);
  END IF;
  RETURN NULL;
END
$$;

-- Partitions of the audit trail by month, this month and `months` more; a DEFAULT one catches what falls outside.
-- With the owner's rights, so that background work can make them; a month whose rows already lie in DEFAULT is left out.
CREATE FUNCTION audit_partitions_ahead(months integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  month date;
  partition text;
  made integer := 0;
BEGIN
  FOR month IN SELECT generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
                                      now() AT TIME ZONE 'UTC' + make_interval(months => least(months, 36)), '1 month')
  LOOP
    partition := 'audit_logs_' || to_char(month, 'YYYYMM');
    IF to_regclass('public.' || partition) IS NULL THEN
      BEGIN
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.audit_logs FOR VALUES FROM (%L) TO (%L)',
                       partition, month::timestamp AT TIME ZONE 'UTC',
                       (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', partition);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', partition);
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        CONTINUE;
      END;
    END IF;
  END LOOP;
  RETURN made;
END
$$;

-- Nobody changes his own role or reach, or switches himself off.
CREATE FUNCTION refuse_changing_oneself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.id = nullif(current_setting('hass.user_id', true), '')::uuid
     AND (OLD.role_id, OLD.region_id, OLD.hospital_id, OLD.is_active, OLD.is_deleted)
         IS DISTINCT FROM (NEW.role_id, NEW.region_id, NEW.hospital_id, NEW.is_active, NEW.is_deleted) THEN
    RAISE EXCEPTION 'nobody changes his own rights'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'users_not_oneself', TABLE = 'users';
  END IF;
  RETURN NEW;
END
$$;

-- Where the hospital so sets, whoever entered a result does not verify it (domain 5.2).
CREATE FUNCTION ask_for_a_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.verified_by_id = NEW.resulted_by_id
     AND EXISTS (SELECT FROM hospitals h WHERE h.id = NEW.hospital_id AND h.results_need_second_person) THEN
    RAISE EXCEPTION 'the result was entered by the same person'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'lab_results_second_person', TABLE = 'lab_results';
  END IF;
  RETURN NEW;
END
$$;

-- What a change of a row is, in the codes of AuditEvent (DICOM PS3.16, CID 400 and 401): a sign-in and its end, a
-- change of rights, else create, update or delete.
CREATE FUNCTION audit_kind(p_table text, p_op text, p_before jsonb, p_after jsonb)
RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_table = 'sessions' AND p_op = 'INSERT' THEN ARRAY['110114', '110122']
    WHEN p_table = 'sessions' AND p_op = 'UPDATE' AND p_after ? 'ended_at' THEN ARRAY['110114', '110123']
    WHEN p_table = 'roles' THEN ARRAY['110113', '110136']
    WHEN p_table = 'users' AND (p_op <> 'UPDATE' OR p_after ?| ARRAY['role_id', 'scope', 'region_id', 'hospital_id',
         'is_active', 'is_deleted', 'password_hash', 'email']) THEN ARRAY['110113', '110137']
    ELSE ARRAY['rest', CASE p_op WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END]
  END
$$;

-- A text with its length before it, so that no two lists of values look the same; NULL is a sign of its own.
CREATE FUNCTION audit_part(part text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(length(part) || ':' || part, '~')
$$;

-- JSON in one form only, whatever the release of PostgreSQL prints: keys in the order of their bytes, texts without
-- escapes behind their length, numbers as their digits.
CREATE FUNCTION audit_canonical(value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  CASE jsonb_typeof(value)
    WHEN 'object' THEN
      RETURN '{' || coalesce((
        SELECT string_agg(audit_part(field.key) || CASE jsonb_typeof(field.value)
                            WHEN 'string' THEN 's' || audit_part(field.value #>> '{}')
                            WHEN 'number' THEN 'n' || (field.value #>> '{}') || ';'
                            WHEN 'null' THEN 'z'
                            ELSE audit_canonical(field.value) END, '' ORDER BY field.key COLLATE "C")
          FROM jsonb_each(value) AS field), '') || '}';
    WHEN 'array' THEN
      RETURN '[' || coalesce((
        SELECT string_agg(audit_canonical(item.value), '' ORDER BY item.place)
          FROM jsonb_array_elements(value) WITH ORDINALITY AS item (value, place)), '') || ']';
    WHEN 'string' THEN RETURN 's' || audit_part(value #>> '{}');
    WHEN 'number' THEN RETURN 'n' || (value #>> '{}') || ';';
    WHEN 'boolean' THEN RETURN CASE WHEN value = 'true' THEN 't' ELSE 'f' END;
    WHEN 'null' THEN RETURN 'z';
    ELSE RETURN '~';
  END CASE;
END
$$;
