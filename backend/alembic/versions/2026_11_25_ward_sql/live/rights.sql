-- Background work of the whole network; a request has no part in it.
REVOKE ALL ON FUNCTION hospitals_at_work(), sessions_listening(uuid[], interval) FROM hass_app;
