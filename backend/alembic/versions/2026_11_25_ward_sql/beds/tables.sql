ALTER TABLE beds ADD COLUMN bay text;
ALTER TABLE beds ADD COLUMN status_changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE beds ADD COLUMN out_of_use_reason text;
ALTER TABLE beds ADD CONSTRAINT beds_out_of_use_reason_check
  CHECK (out_of_use_reason IS NULL OR status IN ('maintenance', 'closed'));
COMMENT ON COLUMN beds.bay IS 'bay or room of the ward; who lies there sees the others';
COMMENT ON COLUMN beds.status_changed_at IS 'instant the state began; the end of a stay is read off it';
COMMENT ON COLUMN beds.out_of_use_reason IS 'why it is closed or in maintenance';

ALTER TABLE bed_assignments ADD COLUMN ward text;
ALTER TABLE bed_assignments ADD COLUMN placement_reason text;
CREATE INDEX bed_assignments_hospital_id_released_at_idx ON bed_assignments (hospital_id, released_at);
CREATE INDEX visits_hospital_id_discharge_date_idx ON visits (hospital_id, discharge_date);
COMMENT ON COLUMN bed_assignments.ward IS 'ward the bed stood in then; NULL = the one it stands in now';
COMMENT ON COLUMN bed_assignments.placement_reason IS 'why here in spite of a warning; NULL = the bed fits';

CREATE TABLE bed_cleanings (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  bed_id UUID NOT NULL,
  began_at TIMESTAMP WITH TIME ZONE NOT NULL,
  cleaned_at TIMESTAMP WITH TIME ZONE NOT NULL,
  cleaner TEXT NOT NULL,
  recorded_by_id UUID NOT NULL,
  is_terminal BOOLEAN DEFAULT false NOT NULL,
  linen_removed BOOLEAN DEFAULT false NOT NULL,
  equipment_reprocessed BOOLEAN DEFAULT false NOT NULL,
  curtains_changed BOOLEAN DEFAULT false NOT NULL,
  mattress_disinfected BOOLEAN DEFAULT false NOT NULL,
  surfaces_disinfected BOOLEAN DEFAULT false NOT NULL,
  sink_disinfected BOOLEAN DEFAULT false NOT NULL,
  supplies_renewed BOOLEAN DEFAULT false NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT bed_cleanings_pkey PRIMARY KEY (id),
  CONSTRAINT bed_cleanings_hospital_id_bed_id_fkey FOREIGN KEY(hospital_id, bed_id) REFERENCES beds (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT bed_cleanings_cleaner_named_check CHECK (btrim(cleaner) <> ''),
  CONSTRAINT bed_cleanings_cleaned_after_began_check CHECK (cleaned_at >= began_at),
  CONSTRAINT bed_cleanings_terminal_complete_check CHECK (NOT is_terminal OR (linen_removed AND equipment_reprocessed AND curtains_changed AND mattress_disinfected AND surfaces_disinfected AND sink_disinfected AND supplies_renewed)),
  CONSTRAINT bed_cleanings_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT bed_cleanings_recorded_by_id_fkey FOREIGN KEY(recorded_by_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX bed_cleanings_hospital_id_bed_id_cleaned_at_idx ON bed_cleanings (hospital_id, bed_id, cleaned_at);
CREATE INDEX bed_cleanings_recorded_by_id_idx ON bed_cleanings (recorded_by_id);
COMMENT ON COLUMN bed_cleanings.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN bed_cleanings.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN bed_cleanings.bed_id IS 'the bed';
COMMENT ON COLUMN bed_cleanings.began_at IS 'instant the bed began to wait for it';
COMMENT ON COLUMN bed_cleanings.cleaned_at IS 'instant it was clean';
COMMENT ON COLUMN bed_cleanings.cleaner IS 'who cleaned, in words';
COMMENT ON COLUMN bed_cleanings.recorded_by_id IS 'who says that it is clean';
COMMENT ON COLUMN bed_cleanings.is_terminal IS 'the whole checklist, after isolation';
COMMENT ON COLUMN bed_cleanings.linen_removed IS 'linen, towels and disposable things are out of the room';
COMMENT ON COLUMN bed_cleanings.equipment_reprocessed IS 'reusable equipment is reprocessed';
COMMENT ON COLUMN bed_cleanings.curtains_changed IS 'curtains and window treatments are inspected, and changed if soiled';
COMMENT ON COLUMN bed_cleanings.mattress_disinfected IS 'mattress, frame and rails are disinfected on all sides';
COMMENT ON COLUMN bed_cleanings.surfaces_disinfected IS 'low and high touch surfaces and the floor are disinfected';
COMMENT ON COLUMN bed_cleanings.sink_disinfected IS 'wash basin and toilet are scrubbed and disinfected';
COMMENT ON COLUMN bed_cleanings.supplies_renewed IS 'soap, gloves and paper are renewed';
COMMENT ON COLUMN bed_cleanings.created_at IS 'instant the row was written';
COMMENT ON COLUMN bed_cleanings.updated_at IS 'instant of the last change, moved by trigger';

ALTER TABLE bed_cleanings ENABLE ROW LEVEL SECURITY;
ALTER TABLE bed_cleanings FORCE ROW LEVEL SECURITY;
CREATE POLICY staff ON bed_cleanings FOR ALL TO hass_app, hass_worker USING ((SELECT current_setting('hass.scope', true) = 'hospital') AND hospital_id = (SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid));
GRANT SELECT, INSERT ON bed_cleanings TO hass_app, hass_worker;
