-- The schema of the job queue and of what is told to readers as it happens: messages, not records. queue.sql is that
-- of procrastinate 3.10.0, unchanged, so that this migration stays the same whatever release of it is installed.

-- What changed, for whoever has a page open; kept for a day, so that a line that was cut misses nothing.
CREATE TABLE jobs.live_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  created_at timestamptz NOT NULL DEFAULT now(),
  hospital_id uuid,
  topic text NOT NULL,
  resource_id uuid,
  patient_id uuid,
  visit_id uuid
);
CREATE INDEX live_events_transaction_id_idx ON jobs.live_events (transaction_id);
CREATE INDEX live_events_created_at_idx ON jobs.live_events (created_at);
COMMENT ON TABLE jobs.live_events IS 'changes that open pages are told of';
COMMENT ON COLUMN jobs.live_events.id IS 'order of writing, which is not the order of committing';
COMMENT ON COLUMN jobs.live_events.transaction_id IS 'of the writer: a reader is told what his last snapshot did not show';
COMMENT ON COLUMN jobs.live_events.created_at IS 'instant the transaction of the change began';
COMMENT ON COLUMN jobs.live_events.hospital_id IS 'whose staff may hear of it; NULL = the server itself';
COMMENT ON COLUMN jobs.live_events.topic IS 'table';
COMMENT ON COLUMN jobs.live_events.resource_id IS 'id of the row in topic; NULL = many rows at once';
COMMENT ON COLUMN jobs.live_events.patient_id IS 'file that the row belongs to; NULL = none, or many';
COMMENT ON COLUMN jobs.live_events.visit_id IS 'visit that the row belongs to; NULL = none, or many';

-- A caller's search_path must not decide which tables the queue's functions touch.
DO $$
DECLARE
  made regprocedure;
BEGIN
  FOR made IN SELECT oid FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = jobs, pg_temp', made);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hass_worker', made);
  END LOOP;
END
$$;

GRANT USAGE ON SCHEMA jobs TO hass_worker, hass_definer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO hass_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO hass_worker;
-- Requests announce and defer through functions of hass_definer, and read neither.
GRANT INSERT ON jobs.live_events, jobs.procrastinate_jobs, jobs.procrastinate_events TO hass_definer;
GRANT SELECT (id) ON jobs.procrastinate_jobs TO hass_definer;
GRANT SELECT (last_heartbeat) ON jobs.procrastinate_workers TO hass_definer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO hass_definer;
GRANT EXECUTE ON FUNCTION jobs.procrastinate_defer_jobs_v1(jobs.procrastinate_job_to_defer_v1[]) TO hass_definer;
