-- Who may call the functions of hass_definer; run once all of them are made.

-- A definer function is for the application's roles alone.
DO $$
DECLARE
  made regprocedure;
BEGIN
  -- Who makes a trigger must be allowed its function; nobody calls one by hand.
  REVOKE ALL ON FUNCTION audit_row_change(), audit_new_rows(), end_sign_ins() FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION audit_row_change(), audit_new_rows(), end_sign_ins() TO hass_owner;
  FOR made IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                 AND proowner = 'hass_definer'::regrole AND prorettype <> 'trigger'::regtype LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hass_app, hass_worker', made);
  END LOOP;
  -- Sealing is background work of the whole network; a request has no part in it.
  REVOKE ALL ON FUNCTION audit_batch_end(bigint, bigint, integer),
    audit_digests(bigint, bigint, bigint, bigint), audit_waiting(bigint, bigint) FROM hass_app;
END
$$;
