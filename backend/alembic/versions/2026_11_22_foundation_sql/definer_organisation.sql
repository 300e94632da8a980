-- Rules of the organisation that no single row can keep: they look at rows beside it, past the policies.

-- The network always has an active super administrator. Two who switch each other off at the same moment take turns
-- at the lock, and the second then sees what the first has done.
CREATE FUNCTION keep_a_super_admin() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4024);
  IF NOT EXISTS (SELECT FROM users u JOIN roles r ON r.id = u.role_id
                  WHERE r.name = 'super_admin' AND u.is_active AND NOT u.is_deleted AND u.email IS NOT NULL) THEN
    RAISE EXCEPTION 'the last active super administrator stays'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin', TABLE = 'users';
  END IF;
  RETURN NULL;
END
$$;

-- A hospital in which somebody lies stays open.
CREATE FUNCTION refuse_closing_with_visits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.is_active AND NOT NEW.is_active
     AND EXISTS (SELECT FROM visits v WHERE v.hospital_id = OLD.id AND v.status IN ('active', 'on_leave')) THEN
    RAISE EXCEPTION 'the hospital has open visits'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'hospitals_open_visits', TABLE = 'hospitals';
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION refuse_closing_with_hospitals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.is_active AND NOT NEW.is_active
     AND EXISTS (SELECT FROM hospitals h WHERE h.region_id = OLD.id AND h.is_active) THEN
    RAISE EXCEPTION 'the region has open hospitals'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'regions_open_hospitals', TABLE = 'regions';
  END IF;
  RETURN NEW;
END
$$;

-- Counts of the hospitals within the caller's reach: no row of a patient leaves it, and administrators may call it,
-- who see no clinical row at all. NULL for region or hospital means all of them.
CREATE FUNCTION hospital_figures(p_region uuid, p_hospital uuid) RETURNS TABLE (
  hospital_id uuid, region_id uuid, name text, code text, is_active boolean, licensed_beds integer,
  active_beds integer, occupied_beds integer, beds_by_status jsonb, open_visits_by_type jsonb,
  active_users_by_role jsonb, patient_files integer, imported_resources integer
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT h.id, h.region_id, h.name, h.code, h.is_active, h.bed_capacity,
         coalesce(b.active, 0)::integer, coalesce(b.occupied, 0)::integer, coalesce(b.by_status, '{}'),
         coalesce(v.by_type, '{}'), coalesce(u.by_role, '{}'),
         (SELECT count(*)::integer FROM patients f WHERE f.hospital_id = h.id AND f.is_active),
         (SELECT count(*)::integer FROM import_sources i WHERE i.hospital_id = h.id)
    FROM hospitals h
    LEFT JOIN LATERAL (
      SELECT sum(n) AS active, sum(n) FILTER (WHERE s.status = 'occupied') AS occupied,
             jsonb_object_agg(s.status, s.n) AS by_status
        FROM (SELECT d.status, count(*) AS n FROM beds d WHERE d.hospital_id = h.id AND d.is_active
               GROUP BY d.status) s) b ON true
    LEFT JOIN LATERAL (
      SELECT jsonb_object_agg(s.visit_type, s.n) AS by_type
        FROM (SELECT w.visit_type, count(*) AS n FROM visits w
               WHERE w.hospital_id = h.id AND w.status IN ('active', 'on_leave') GROUP BY w.visit_type) s) v ON true
    LEFT JOIN LATERAL (
      SELECT jsonb_object_agg(s.name, s.n) AS by_role
        FROM (SELECT r.name, count(*) AS n FROM users m JOIN roles r ON r.id = m.role_id
               WHERE m.hospital_id = h.id AND m.is_active AND NOT m.is_deleted AND m.email IS NOT NULL
               GROUP BY r.name) s) u ON true
   WHERE (p_region IS NULL OR h.region_id = p_region) AND (p_hospital IS NULL OR h.id = p_hospital)
     AND CASE current_setting('hass.scope', true)
           WHEN 'network' THEN true
           WHEN 'region' THEN h.region_id = nullif(current_setting('hass.region_id', true), '')::uuid
           WHEN 'hospital' THEN h.id = nullif(current_setting('hass.hospital_id', true), '')::uuid
           ELSE false END
   ORDER BY h.name, h.id
$$;

-- Who makes a trigger must be allowed its function; nobody calls one by hand.
REVOKE ALL ON FUNCTION keep_a_super_admin(), refuse_closing_with_visits(), refuse_closing_with_hospitals() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_a_super_admin(), refuse_closing_with_visits(), refuse_closing_with_hospitals()
  TO hass_owner;
