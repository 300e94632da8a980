-- Functions of hass_definer: what is told to open pages, and jobs that an act leaves to the worker.

-- Trigger of the tables that pages show (access/live.py): one event for each row, or one for the hospital where a
-- statement changed many. Ids only: what a reader may see, his page asks for again. Arguments, for a row that two
-- hospitals share: the columns that name them; neither then hears the ids of the other's patient and visit.
CREATE FUNCTION announce_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  hospitals text[] := CASE WHEN TG_NARGS = 0 THEN ARRAY['hospital_id'] ELSE TG_ARGV[0:TG_NARGS - 1] END;
  of_one boolean := TG_NARGS = 0;
  written integer;
BEGIN
  INSERT INTO jobs.live_events (hospital_id, topic, resource_id, patient_id, visit_id)
  SELECT (changed.made ->> place)::uuid, TG_TABLE_NAME, (changed.made ->> 'id')::uuid,
         CASE WHEN of_one THEN changed.made ->> CASE TG_TABLE_NAME WHEN 'patients' THEN 'id' ELSE 'patient_id' END END::uuid,
         CASE WHEN of_one THEN changed.made ->> CASE TG_TABLE_NAME WHEN 'visits' THEN 'id' ELSE 'visit_id' END END::uuid
    FROM (SELECT to_jsonb(n) AS made FROM new_rows AS n) AS changed CROSS JOIN unnest(hospitals) AS place
   WHERE (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 21) AS first_rows) <= 20;
  GET DIAGNOSTICS written = ROW_COUNT;
  IF written = 0 THEN
    INSERT INTO jobs.live_events (hospital_id, topic)
    SELECT DISTINCT (to_jsonb(n) ->> place)::uuid, TG_TABLE_NAME FROM new_rows AS n CROSS JOIN unnest(hospitals) AS place;
    GET DIAGNOSTICS written = ROW_COUNT;
  END IF;
  IF written > 0 THEN
    -- Equal notices of one transaction are sent once, when it commits; what they are about stands in the table.
    PERFORM pg_notify('hass_live', '');
  END IF;
  RETURN NULL;
END
$$;

-- Trigger of sessions and roles: whoever listens under them is looked at again, at once.
CREATE FUNCTION announce_rights() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO jobs.live_events (topic, resource_id) VALUES (TG_TABLE_NAME, NEW.id);
  PERFORM pg_notify('hass_live', '');
  RETURN NULL;
END
$$;

-- The sign-ins among these that live and are not locked, with the reach and the rights that their users have now.
CREATE FUNCTION sessions_listening(p_sessions uuid[], p_idle interval)
RETURNS TABLE (session_id uuid, scope text, hospital_id uuid, permissions jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.id, r.scope::text, u.hospital_id, r.permissions
    FROM sessions s JOIN users u ON u.id = s.user_id JOIN roles r ON r.id = u.role_id
   WHERE s.id = ANY (p_sessions) AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
     AND u.is_active AND NOT u.is_deleted
     AND (u.password_changed_at IS NULL OR s.created_at >= u.password_changed_at)
     AND NOT (s.cookie_hash IS NOT NULL AND (s.locked_at IS NOT NULL
              OR coalesce(s.last_used_at, s.created_at) < clock_timestamp() - p_idle))
$$;

-- Leaves a job to the worker in the act's own transaction: both come true, or neither. It runs for the caller's
-- hospital, not before p_at; of jobs with one p_once only one waits. Returns its number, NULL where one waits already.
CREATE FUNCTION defer_job(p_task text, p_args jsonb, p_once text, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(
    'default', p_task, 0, NULL, p_once,
    coalesce(p_args, '{}') || jsonb_build_object('hospital_id', nullif(current_setting('hass.hospital_id', true), '')),
    p_at)::jobs.procrastinate_job_to_defer_v1]))[1];
EXCEPTION WHEN unique_violation THEN
  RETURN NULL;
END
$$;

-- When a worker was last at work; NULL = never, or the last one left as it should.
CREATE FUNCTION worker_seen_at() RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT max(w.last_heartbeat) FROM jobs.procrastinate_workers w);
END
$$;

-- The hospitals that background work goes through, one at a time.
CREATE FUNCTION hospitals_at_work() RETURNS TABLE (hospital_id uuid, region_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT h.id, h.region_id FROM hospitals h ORDER BY h.id
$$;
