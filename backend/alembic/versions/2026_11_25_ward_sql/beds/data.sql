-- Since when a bed is as it is: an occupied one since its patient came, any other since its last change.
-- Under FORCE the owner sees no row either.
ALTER TABLE beds NO FORCE ROW LEVEL SECURITY;
UPDATE beds SET status_changed_at = coalesce(assigned_at, updated_at);
ALTER TABLE beds FORCE ROW LEVEL SECURITY;
