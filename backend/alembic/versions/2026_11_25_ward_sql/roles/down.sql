ALTER TABLE roles NO FORCE ROW LEVEL SECURITY;
UPDATE roles SET permissions = permissions - ARRAY['alert.read', 'alert.record', 'care.assign', 'death.record',
  'entry.correct', 'escalation.answer', 'fluid.read', 'fluid.record', 'incident.read', 'lab.acknowledge',
  'patient.merge', 'triage.record', 'waiting.read'];
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
