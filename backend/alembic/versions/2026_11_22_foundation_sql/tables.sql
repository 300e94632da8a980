-- Tables, keys, rules and indexes.

CREATE TABLE persons (
  id UUID NOT NULL,
  network_number BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 100001),
  first_name TEXT,
  last_name TEXT NOT NULL,
  date_of_birth DATE,
  gender VARCHAR(32) DEFAULT 'unknown' NOT NULL CONSTRAINT persons_gender_check CHECK (gender IN ('male', 'female', 'other', 'unknown')),
  merged_into_id UUID,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT persons_pkey PRIMARY KEY (id),
  CONSTRAINT persons_last_name_given_check CHECK (btrim(last_name) <> ''),
  CONSTRAINT persons_date_of_birth_range_check CHECK (date_of_birth BETWEEN DATE '1850-01-01' AND DATE '2200-01-01'),
  CONSTRAINT persons_merged_into_other_check CHECK (merged_into_id <> id),
  CONSTRAINT persons_network_number_key UNIQUE (network_number),
  CONSTRAINT persons_merged_into_id_fkey FOREIGN KEY(merged_into_id) REFERENCES persons (id) ON DELETE RESTRICT
);

CREATE INDEX persons_merged_into_id_idx ON persons (merged_into_id);
COMMENT ON COLUMN persons.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN persons.network_number IS 'number of the person in the network';
COMMENT ON COLUMN persons.first_name IS 'given names';
COMMENT ON COLUMN persons.last_name IS 'family name';
COMMENT ON COLUMN persons.date_of_birth IS 'NULL = not known';
COMMENT ON COLUMN persons.gender IS 'FHIR AdministrativeGender';
COMMENT ON COLUMN persons.merged_into_id IS 'the person it turned out to be; NULL = stands for itself';
COMMENT ON COLUMN persons.created_at IS 'instant the row was written';
COMMENT ON COLUMN persons.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE regions (
  id UUID NOT NULL,
  name TEXT NOT NULL,
  code TEXT NOT NULL,
  theme_settings JSONB DEFAULT '{}' NOT NULL,
  is_active BOOLEAN DEFAULT true NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT regions_pkey PRIMARY KEY (id),
  CONSTRAINT regions_code_format_check CHECK (code ~ '^[A-Z][A-Z0-9]{1,11}$'),
  CONSTRAINT regions_name_given_check CHECK (btrim(name) <> ''),
  CONSTRAINT regions_theme_object_check CHECK (jsonb_typeof(theme_settings) = 'object'),
  CONSTRAINT regions_code_key UNIQUE (code)
);

CREATE INDEX regions_theme_settings_idx ON regions USING gin (theme_settings);
COMMENT ON COLUMN regions.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN regions.name IS 'what people read';
COMMENT ON COLUMN regions.code IS 'upper-case code; never changes (trigger)';
COMMENT ON COLUMN regions.theme_settings IS 'primary_color, secondary_color (#rrggbb), logo_url';
COMMENT ON COLUMN regions.is_active IS 'false = switched off, the row stays';
COMMENT ON COLUMN regions.created_at IS 'instant the row was written';
COMMENT ON COLUMN regions.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE roles (
  id UUID NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  scope VARCHAR(32) NOT NULL CONSTRAINT roles_scope_check CHECK (scope IN ('network', 'region', 'hospital', 'self')),
  permissions JSONB DEFAULT '[]' NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT roles_pkey PRIMARY KEY (id),
  CONSTRAINT roles_id_scope_key UNIQUE (id, scope),
  CONSTRAINT roles_named_check CHECK (btrim(name) <> '' AND btrim(display_name) <> ''),
  CONSTRAINT roles_permissions_array_check CHECK (jsonb_typeof(permissions) = 'array'),
  CONSTRAINT roles_super_admin_keeps_check CHECK (name <> 'super_admin' OR permissions ?& ARRAY['role.manage', 'user.manage']),
  CONSTRAINT roles_name_key UNIQUE (name)
);

CREATE INDEX roles_permissions_idx ON roles USING gin (permissions);
COMMENT ON COLUMN roles.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN roles.name IS 'key of the role, lower case with underscores';
COMMENT ON COLUMN roles.display_name IS 'what people read';
COMMENT ON COLUMN roles.scope IS 'reach: network, region, hospital or self';
COMMENT ON COLUMN roles.permissions IS 'array of permission keys (access/permissions.py)';
COMMENT ON COLUMN roles.created_at IS 'instant the row was written';
COMMENT ON COLUMN roles.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE hospitals (
  id UUID NOT NULL,
  region_id UUID NOT NULL,
  name TEXT NOT NULL,
  code TEXT NOT NULL,
  address TEXT,
  phone TEXT,
  email TEXT,
  bed_capacity INTEGER DEFAULT 0 NOT NULL,
  timezone TEXT NOT NULL,
  results_need_second_person BOOLEAN DEFAULT false NOT NULL,
  is_active BOOLEAN DEFAULT true NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT hospitals_pkey PRIMARY KEY (id),
  CONSTRAINT hospitals_region_id_id_key UNIQUE (region_id, id),
  CONSTRAINT hospitals_code_format_check CHECK (code ~ '^[A-Z][A-Z0-9]{1,11}$'),
  CONSTRAINT hospitals_name_given_check CHECK (btrim(name) <> ''),
  CONSTRAINT hospitals_bed_capacity_range_check CHECK (bed_capacity >= 0),
  CONSTRAINT hospitals_timezone_iana_check CHECK (timezone ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+)+)$'),
  CONSTRAINT hospitals_timezone_known_check CHECK ((TIMESTAMPTZ '2000-01-01 00:00Z' AT TIME ZONE timezone) IS NOT NULL),
  CONSTRAINT hospitals_region_id_fkey FOREIGN KEY(region_id) REFERENCES regions (id) ON DELETE RESTRICT,
  CONSTRAINT hospitals_code_key UNIQUE (code)
);

CREATE INDEX hospitals_region_id_idx ON hospitals (region_id);
COMMENT ON COLUMN hospitals.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN hospitals.region_id IS 'the region it belongs to';
COMMENT ON COLUMN hospitals.name IS 'what people read';
COMMENT ON COLUMN hospitals.code IS 'upper-case code, part of every MRN; unique in the network, never changes (trigger)';
COMMENT ON COLUMN hospitals.address IS 'postal address, lines separated by line breaks';
COMMENT ON COLUMN hospitals.phone IS 'telephone number as it was written';
COMMENT ON COLUMN hospitals.email IS 'e-mail address';
COMMENT ON COLUMN hospitals.bed_capacity IS 'licensed beds, a count';
COMMENT ON COLUMN hospitals.timezone IS 'IANA zone; every day boundary of the hospital uses it';
COMMENT ON COLUMN hospitals.is_active IS 'false = switched off, the row stays';
COMMENT ON COLUMN hospitals.results_need_second_person IS 'whoever entered a laboratory result does not verify it (trigger)';
COMMENT ON COLUMN hospitals.created_at IS 'instant the row was written';
COMMENT ON COLUMN hospitals.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE person_identifiers (
  id UUID NOT NULL,
  person_id UUID NOT NULL,
  type VARCHAR(32) NOT NULL CONSTRAINT person_identifiers_type_check CHECK (type IN ('SS', 'NI', 'PPN', 'DL')),
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT person_identifiers_pkey PRIMARY KEY (id),
  CONSTRAINT person_identifiers_system_value_type_key UNIQUE (system, value, type),
  CONSTRAINT person_identifiers_value_given_check CHECK (btrim(value) <> '' AND btrim(system) <> ''),
  CONSTRAINT person_identifiers_person_id_fkey FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE RESTRICT
);

CREATE INDEX person_identifiers_person_id_idx ON person_identifiers (person_id);
COMMENT ON COLUMN person_identifiers.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN person_identifiers.person_id IS 'the human being';
COMMENT ON COLUMN person_identifiers.type IS 'HL7 v2-0203';
COMMENT ON COLUMN person_identifiers.system IS 'URI of the issuing system';
COMMENT ON COLUMN person_identifiers.value IS 'the number itself';
COMMENT ON COLUMN person_identifiers.created_at IS 'instant the row was written';
COMMENT ON COLUMN person_identifiers.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE import_sources (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  system TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  bundle_hash TEXT NOT NULL,
  target_table TEXT NOT NULL,
  target_id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT import_sources_pkey PRIMARY KEY (id),
  CONSTRAINT import_sources_hospital_id_system_resource_type_resource_id_key UNIQUE (hospital_id, system, resource_type, resource_id),
  CONSTRAINT import_sources_append_only_check CHECK (updated_at = created_at),
  CONSTRAINT import_sources_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT
);

CREATE INDEX import_sources_hospital_id_bundle_hash_idx ON import_sources (hospital_id, bundle_hash);
CREATE INDEX import_sources_target_table_target_id_idx ON import_sources (target_table, target_id);
COMMENT ON COLUMN import_sources.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN import_sources.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN import_sources.system IS 'URI that names the source';
COMMENT ON COLUMN import_sources.resource_type IS 'FHIR resource type';
COMMENT ON COLUMN import_sources.resource_id IS 'logical id at the source';
COMMENT ON COLUMN import_sources.content_hash IS 'SHA-256 of the canonical resource, hex';
COMMENT ON COLUMN import_sources.bundle_hash IS 'SHA-256 of the bundle it came in, hex';
COMMENT ON COLUMN import_sources.target_table IS 'table of the row made from it';
COMMENT ON COLUMN import_sources.target_id IS 'id in target_table; several sources may share one';
COMMENT ON COLUMN import_sources.created_at IS 'instant the row was written';
COMMENT ON COLUMN import_sources.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE inventory (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  item_type VARCHAR(32) NOT NULL CONSTRAINT inventory_item_type_check CHECK (item_type IN ('medication', 'supply', 'reagent', 'equipment')),
  item_name TEXT NOT NULL,
  item_code TEXT NOT NULL,
  category TEXT,
  lot_number TEXT,
  quantity NUMERIC(12, 3) DEFAULT 0 NOT NULL,
  unit TEXT NOT NULL,
  counted_whole BOOLEAN DEFAULT true NOT NULL,
  threshold_alert NUMERIC(12, 3) DEFAULT 0 NOT NULL,
  expiry_date DATE,
  location TEXT,
  supplier TEXT,
  last_restocked_at TIMESTAMP WITH TIME ZONE,
  is_active BOOLEAN DEFAULT true NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT inventory_pkey PRIMARY KEY (id),
  CONSTRAINT inventory_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT inventory_hospital_id_item_code_lot_number_expiry_date_key UNIQUE NULLS NOT DISTINCT (hospital_id, item_code, lot_number, expiry_date),
  CONSTRAINT inventory_named_check CHECK (btrim(item_name) <> '' AND btrim(item_code) <> '' AND btrim(unit) <> ''),
  CONSTRAINT inventory_quantity_range_check CHECK (quantity >= 0 AND quantity < 'NaN'),
  CONSTRAINT inventory_quantity_whole_check CHECK (NOT counted_whole OR quantity = trunc(quantity)),
  CONSTRAINT inventory_threshold_alert_range_check CHECK (threshold_alert >= 0 AND threshold_alert < 'NaN'),
  CONSTRAINT inventory_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT
);

CREATE INDEX inventory_expiry_date_idx ON inventory (expiry_date) WHERE is_active AND quantity > 0;
CREATE INDEX inventory_hospital_id_item_code_expiry_date_idx ON inventory (hospital_id, item_code, expiry_date);
CREATE INDEX inventory_hospital_id_item_type_item_name_idx ON inventory (hospital_id, item_type, item_name);
CREATE INDEX inventory_low_idx ON inventory (hospital_id, item_code) WHERE is_active AND quantity <= threshold_alert;
COMMENT ON COLUMN inventory.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN inventory.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN inventory.item_type IS 'kind of item';
COMMENT ON COLUMN inventory.item_name IS 'what people read';
COMMENT ON COLUMN inventory.item_code IS 'the hospital''s own code, or GTIN';
COMMENT ON COLUMN inventory.category IS 'the hospital''s own grouping';
COMMENT ON COLUMN inventory.lot_number IS 'the maker''s lot; NULL = none';
COMMENT ON COLUMN inventory.quantity IS 'in unit, never below 0';
COMMENT ON COLUMN inventory.unit IS 'smallest unit dispensed: tablet, mL, piece';
COMMENT ON COLUMN inventory.counted_whole IS 'true = quantity is a whole number';
COMMENT ON COLUMN inventory.threshold_alert IS 'in unit; at or below it stock is low';
COMMENT ON COLUMN inventory.expiry_date IS 'last usable day';
COMMENT ON COLUMN inventory.location IS 'where it is kept';
COMMENT ON COLUMN inventory.supplier IS 'who delivers it';
COMMENT ON COLUMN inventory.last_restocked_at IS 'instant of the last delivery';
COMMENT ON COLUMN inventory.is_active IS 'false = switched off, the row stays';
COMMENT ON COLUMN inventory.created_at IS 'instant the row was written';
COMMENT ON COLUMN inventory.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE mrn_counters (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  last_number BIGINT DEFAULT 0 NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT mrn_counters_pkey PRIMARY KEY (id),
  CONSTRAINT mrn_counters_hospital_id_key UNIQUE (hospital_id),
  CONSTRAINT mrn_counters_last_number_range_check CHECK (last_number BETWEEN 0 AND 9999999999),
  CONSTRAINT mrn_counters_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT
);

COMMENT ON COLUMN mrn_counters.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN mrn_counters.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN mrn_counters.last_number IS 'last sequence number given out, a count';
COMMENT ON COLUMN mrn_counters.created_at IS 'instant the row was written';
COMMENT ON COLUMN mrn_counters.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE users (
  id UUID NOT NULL,
  email CITEXT,
  password_hash TEXT,
  password_changed_at TIMESTAMP WITH TIME ZONE,
  title TEXT,
  first_name TEXT,
  last_name TEXT NOT NULL,
  phone TEXT,
  role_id UUID NOT NULL,
  scope VARCHAR(32) NOT NULL CONSTRAINT users_scope_check CHECK (scope IN ('network', 'region', 'hospital', 'self')),
  region_id UUID,
  hospital_id UUID,
  is_active BOOLEAN DEFAULT true NOT NULL,
  is_deleted BOOLEAN DEFAULT false NOT NULL,
  last_login TIMESTAMP WITH TIME ZONE,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_role_id_scope_fkey FOREIGN KEY(role_id, scope) REFERENCES roles (id, scope) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT users_region_id_hospital_id_fkey FOREIGN KEY(region_id, hospital_id) REFERENCES hospitals (region_id, id) ON DELETE RESTRICT,
  CONSTRAINT users_scope_reach_check CHECK (CASE scope WHEN 'network' THEN region_id IS NULL AND hospital_id IS NULL WHEN 'region' THEN region_id IS NOT NULL AND hospital_id IS NULL WHEN 'hospital' THEN region_id IS NOT NULL AND hospital_id IS NOT NULL ELSE region_id IS NULL AND hospital_id IS NULL END),
  CONSTRAINT users_login_complete_check CHECK ((email IS NULL) = (password_hash IS NULL)),
  CONSTRAINT users_login_or_imported_check CHECK (email IS NOT NULL OR source IS NOT NULL),
  CONSTRAINT users_email_format_check CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  CONSTRAINT users_password_hash_bcrypt_check CHECK (password_hash ~ '^\$2[aby]\$[0-9]{2}\$.{53}$'),
  CONSTRAINT users_last_name_given_check CHECK (btrim(last_name) <> ''),
  CONSTRAINT users_email_key UNIQUE (email),
  CONSTRAINT users_region_id_fkey FOREIGN KEY(region_id) REFERENCES regions (id) ON DELETE RESTRICT
);

CREATE INDEX users_hospital_id_last_name_first_name_idx ON users (hospital_id, last_name, first_name);
CREATE INDEX users_region_id_hospital_id_idx ON users (region_id, hospital_id);
CREATE INDEX users_role_id_scope_idx ON users (role_id, scope);
COMMENT ON COLUMN users.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN users.email IS 'login name; stays taken after a soft delete; NULL = no login';
COMMENT ON COLUMN users.password_hash IS 'bcrypt; NULL = no login; read by no application role';
COMMENT ON COLUMN users.password_changed_at IS 'sign-ins begun earlier have ended';
COMMENT ON COLUMN users.title IS 'Dr, Prof ...; shown before the name';
COMMENT ON COLUMN users.first_name IS 'given names';
COMMENT ON COLUMN users.last_name IS 'family name';
COMMENT ON COLUMN users.phone IS 'telephone number as it was written';
COMMENT ON COLUMN users.role_id IS 'role, which gives the permissions';
COMMENT ON COLUMN users.scope IS 'repeats the role''s (composite key)';
COMMENT ON COLUMN users.region_id IS 'region of work; NULL = by scope';
COMMENT ON COLUMN users.hospital_id IS 'hospital of work; NULL = by scope';
COMMENT ON COLUMN users.is_active IS 'false = switched off, the row stays';
COMMENT ON COLUMN users.is_deleted IS 'soft delete: the row stays for the audit trail';
COMMENT ON COLUMN users.last_login IS 'instant of the last sign-in';
COMMENT ON COLUMN users.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN users.created_at IS 'instant the row was written';
COMMENT ON COLUMN users.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE audit_logs (
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  seq BIGINT GENERATED ALWAYS AS IDENTITY,
  transaction_id BIGINT DEFAULT (pg_current_xact_id())::text::bigint NOT NULL,
  user_id UUID,
  user_role TEXT,
  user_hospital_id UUID,
  action VARCHAR(32) NOT NULL CONSTRAINT audit_logs_action_check CHECK (action IN ('C', 'R', 'U', 'D', 'E')),
  act TEXT,
  event_type TEXT,
  subtype TEXT,
  purpose TEXT,
  outcome SMALLINT DEFAULT 0 NOT NULL,
  outcome_desc TEXT,
  resource_type TEXT NOT NULL,
  resource_id UUID,
  patient_id UUID,
  hospital_id UUID,
  region_id UUID,
  before_state JSONB,
  after_state JSONB,
  query JSONB,
  request_id TEXT,
  ip_address INET,
  user_agent TEXT,
  CONSTRAINT audit_logs_pkey PRIMARY KEY (id, created_at),
  CONSTRAINT audit_logs_append_only_check CHECK (updated_at = created_at),
  CONSTRAINT audit_logs_outcome_code_check CHECK (outcome IN (0, 4, 8, 12)),
  CONSTRAINT audit_logs_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE RESTRICT
)
 PARTITION BY RANGE (created_at);

CREATE INDEX audit_logs_hospital_id_created_at_idx ON audit_logs (hospital_id, created_at);
CREATE INDEX audit_logs_of_organisation_idx ON audit_logs (created_at) WHERE resource_type IN ('roles', 'regions', 'hospitals', 'users', 'sessions', 'audit_logs');
CREATE INDEX audit_logs_patient_id_created_at_idx ON audit_logs (patient_id, created_at);
CREATE INDEX audit_logs_resource_type_resource_id_created_at_idx ON audit_logs (resource_type, resource_id, created_at);
CREATE INDEX audit_logs_transaction_id_idx ON audit_logs (transaction_id);
CREATE INDEX audit_logs_user_id_created_at_idx ON audit_logs (user_id, created_at);
COMMENT ON COLUMN audit_logs.id IS 'UUID version 7';
COMMENT ON COLUMN audit_logs.created_at IS 'instant of the event';
COMMENT ON COLUMN audit_logs.updated_at IS 'equal to created_at';
COMMENT ON COLUMN audit_logs.seq IS 'order of writing';
COMMENT ON COLUMN audit_logs.transaction_id IS 'of the writer, for sealing';
COMMENT ON COLUMN audit_logs.user_id IS 'NULL = a command or nobody signed in';
COMMENT ON COLUMN audit_logs.user_role IS 'role the user acted in, as it was then';
COMMENT ON COLUMN audit_logs.user_hospital_id IS 'hospital the user acted for';
COMMENT ON COLUMN audit_logs.action IS 'C, R, U, D or E';
COMMENT ON COLUMN audit_logs.act IS 'name of the act or command';
COMMENT ON COLUMN audit_logs.event_type IS 'DICOM DCM or rest code of AuditEvent.type';
COMMENT ON COLUMN audit_logs.subtype IS 'DICOM DCM code of AuditEvent.subtype';
COMMENT ON COLUMN audit_logs.purpose IS 'v3-ActReason: TREAT, ETREAT ...; NULL = not said';
COMMENT ON COLUMN audit_logs.outcome IS '0 ok, 4, 8, 12';
COMMENT ON COLUMN audit_logs.outcome_desc IS 'why it failed';
COMMENT ON COLUMN audit_logs.resource_type IS 'table';
COMMENT ON COLUMN audit_logs.resource_id IS 'id of the row in resource_type';
COMMENT ON COLUMN audit_logs.patient_id IS 'whose record it was';
COMMENT ON COLUMN audit_logs.hospital_id IS 'hospital whose row or user it was';
COMMENT ON COLUMN audit_logs.region_id IS 'region whose row or user it was';
COMMENT ON COLUMN audit_logs.before_state IS 'whole row on D, changed fields on U';
COMMENT ON COLUMN audit_logs.after_state IS 'whole row on C, changed fields on U';
COMMENT ON COLUMN audit_logs.query IS 'of a search: what was asked, how many found';
COMMENT ON COLUMN audit_logs.request_id IS 'the request that did it';
COMMENT ON COLUMN audit_logs.ip_address IS 'address the request came from';
COMMENT ON COLUMN audit_logs.user_agent IS 'program the request came from';

CREATE TABLE audit_seals (
  id UUID NOT NULL,
  number BIGINT NOT NULL,
  kind VARCHAR(32) NOT NULL CONSTRAINT audit_seals_kind_check CHECK (kind IN ('rows', 'pruned')),
  month TEXT NOT NULL,
  lower_transaction BIGINT NOT NULL,
  upper_transaction BIGINT NOT NULL,
  after_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  row_count INTEGER NOT NULL,
  first_id UUID,
  last_id UUID,
  entries BYTEA NOT NULL,
  previous_seal TEXT NOT NULL,
  seal TEXT NOT NULL,
  key_id TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT audit_seals_pkey PRIMARY KEY (id),
  CONSTRAINT audit_seals_append_only_check CHECK (updated_at = created_at),
  CONSTRAINT audit_seals_number_range_check CHECK (number >= 1),
  CONSTRAINT audit_seals_month_format_check CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
  CONSTRAINT audit_seals_transactions_order_check CHECK (upper_transaction >= lower_transaction),
  CONSTRAINT audit_seals_entries_complete_check CHECK (octet_length(entries) = 48 * row_count),
  CONSTRAINT audit_seals_seal_hex_check CHECK (previous_seal ~ '^[0-9a-f]{64}$' AND seal ~ '^[0-9a-f]{64}$'),
  CONSTRAINT audit_seals_number_key UNIQUE (number)
);

COMMENT ON COLUMN audit_seals.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN audit_seals.number IS 'place in the chain, from 1, without gaps';
COMMENT ON COLUMN audit_seals.kind IS 'rows, or a month that was dropped by policy';
COMMENT ON COLUMN audit_seals.month IS 'month of created_at in UTC, YYYY-MM';
COMMENT ON COLUMN audit_seals.lower_transaction IS 'first transaction of the batch';
COMMENT ON COLUMN audit_seals.upper_transaction IS 'transaction that ends the batch, not in it';
COMMENT ON COLUMN audit_seals.after_seq IS 'audit_logs.seq after which this server''s count of transactions holds';
COMMENT ON COLUMN audit_seals.last_seq IS 'highest audit_logs.seq under the chain so far';
COMMENT ON COLUMN audit_seals.row_count IS 'count of rows under this seal';
COMMENT ON COLUMN audit_seals.first_id IS 'audit_logs.id of the first row; NULL = no rows';
COMMENT ON COLUMN audit_seals.last_id IS 'audit_logs.id of the last row; NULL = no rows';
COMMENT ON COLUMN audit_seals.entries IS 'id (16 bytes) and SHA-256 (32 bytes) of each row, in their order of writing';
COMMENT ON COLUMN audit_seals.previous_seal IS 'seal of the link before, hex; zeros for the first';
COMMENT ON COLUMN audit_seals.seal IS 'HMAC-SHA-256 over the previous seal and this link, hex';
COMMENT ON COLUMN audit_seals.key_id IS 'which key sealed it';
COMMENT ON COLUMN audit_seals.created_at IS 'instant the row was written';
COMMENT ON COLUMN audit_seals.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE idempotency_keys (
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  response_status INTEGER,
  response_body JSONB,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id),
  CONSTRAINT idempotency_keys_user_id_key_key UNIQUE (user_id, key),
  CONSTRAINT idempotency_keys_key_length_check CHECK (length(key) BETWEEN 8 AND 200),
  CONSTRAINT idempotency_keys_response_status_range_check CHECK (response_status BETWEEN 200 AND 599),
  CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
COMMENT ON COLUMN idempotency_keys.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN idempotency_keys.user_id IS 'the user it belongs to';
COMMENT ON COLUMN idempotency_keys.key IS 'what the client sent as Idempotency-Key';
COMMENT ON COLUMN idempotency_keys.request_hash IS 'SHA-256 of method, path and body, hex';
COMMENT ON COLUMN idempotency_keys.response_status IS 'NULL while the first request still runs';
COMMENT ON COLUMN idempotency_keys.response_body IS 'the first answer, given again';
COMMENT ON COLUMN idempotency_keys.created_at IS 'instant the row was written';
COMMENT ON COLUMN idempotency_keys.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE notifications (
  id UUID NOT NULL,
  hospital_id UUID,
  recipient_user_id UUID,
  notification_type TEXT NOT NULL,
  subject_id UUID,
  channel VARCHAR(32) NOT NULL CONSTRAINT notifications_channel_check CHECK (channel IN ('email', 'sms', 'whatsapp', 'push', 'in_app')),
  recipient_address TEXT,
  subject TEXT,
  message TEXT NOT NULL,
  status VARCHAR(32) DEFAULT 'pending' NOT NULL CONSTRAINT notifications_status_check CHECK (status IN ('pending', 'sending', 'sent', 'delivered', 'failed', 'cancelled', 'expired')),
  next_attempt_at TIMESTAMP WITH TIME ZONE,
  sent_at TIMESTAMP WITH TIME ZONE,
  delivered_at TIMESTAMP WITH TIME ZONE,
  failed_at TIMESTAMP WITH TIME ZONE,
  failure_reason TEXT,
  read_at TIMESTAMP WITH TIME ZONE,
  retry_count SMALLINT DEFAULT 0 NOT NULL,
  max_retries SMALLINT DEFAULT 5 NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT notifications_pkey PRIMARY KEY (id),
  CONSTRAINT notifications_notification_type_subject_id_recipient_us_7c8f UNIQUE (notification_type, subject_id, recipient_user_id, channel),
  CONSTRAINT notifications_message_given_check CHECK (btrim(message) <> ''),
  CONSTRAINT notifications_retry_count_range_check CHECK (retry_count BETWEEN 0 AND max_retries),
  CONSTRAINT notifications_sent_pair_check CHECK (status <> 'sent' OR sent_at IS NOT NULL),
  CONSTRAINT notifications_delivered_pair_check CHECK (status <> 'delivered' OR delivered_at IS NOT NULL),
  CONSTRAINT notifications_failed_pair_check CHECK (status <> 'failed' OR (failed_at IS NOT NULL AND failure_reason IS NOT NULL)),
  CONSTRAINT notifications_address_given_check CHECK (channel = 'in_app' OR recipient_address IS NOT NULL),
  CONSTRAINT notifications_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT notifications_recipient_user_id_fkey FOREIGN KEY(recipient_user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX notifications_due_idx ON notifications (next_attempt_at) WHERE status = 'pending';
CREATE INDEX notifications_hospital_id_created_at_idx ON notifications (hospital_id, created_at);
CREATE INDEX notifications_recipient_user_id_idx ON notifications (recipient_user_id, created_at DESC);
CREATE INDEX notifications_status_created_at_idx ON notifications (status, created_at);
CREATE INDEX notifications_unread_idx ON notifications (recipient_user_id) WHERE channel = 'in_app' AND read_at IS NULL;
COMMENT ON COLUMN notifications.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN notifications.hospital_id IS 'hospital it is sent for; NULL = the network';
COMMENT ON COLUMN notifications.recipient_user_id IS 'who is told, where he has a login';
COMMENT ON COLUMN notifications.notification_type IS 'kind of message';
COMMENT ON COLUMN notifications.subject_id IS 'the row the message is about';
COMMENT ON COLUMN notifications.channel IS 'how it travels';
COMMENT ON COLUMN notifications.recipient_address IS 'e-mail or number; NULL for in_app';
COMMENT ON COLUMN notifications.subject IS 'line above the message';
COMMENT ON COLUMN notifications.message IS 'what is told';
COMMENT ON COLUMN notifications.status IS 'domain 5.11; moves by its machine';
COMMENT ON COLUMN notifications.next_attempt_at IS 'instant of the next try; NULL = at once';
COMMENT ON COLUMN notifications.sent_at IS 'instant it was handed over';
COMMENT ON COLUMN notifications.delivered_at IS 'instant it arrived';
COMMENT ON COLUMN notifications.failed_at IS 'instant it was given up';
COMMENT ON COLUMN notifications.failure_reason IS 'why it was given up';
COMMENT ON COLUMN notifications.read_at IS 'in_app: opened by the recipient';
COMMENT ON COLUMN notifications.retry_count IS 'tries made after the first, a count';
COMMENT ON COLUMN notifications.max_retries IS 'most tries after the first, a count';
COMMENT ON COLUMN notifications.created_at IS 'instant the row was written';
COMMENT ON COLUMN notifications.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE patients (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  user_id UUID,
  person_id UUID NOT NULL,
  mrn TEXT COLLATE "C" NOT NULL,
  first_name TEXT,
  last_name TEXT NOT NULL,
  name_prefix TEXT,
  search_family_given TEXT COLLATE "C" NOT NULL,
  search_given_family TEXT COLLATE "C" NOT NULL,
  date_of_birth DATE,
  date_of_birth_precision VARCHAR(32) DEFAULT 'day' NOT NULL CONSTRAINT patients_date_of_birth_precision_check CHECK (date_of_birth_precision IN ('day', 'month', 'year', 'estimated')),
  gender VARCHAR(32) DEFAULT 'unknown' NOT NULL CONSTRAINT patients_gender_check CHECK (gender IN ('male', 'female', 'other', 'unknown')),
  blood_group VARCHAR(32) CONSTRAINT patients_blood_group_check CHECK (blood_group IN ('A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-')),
  phone TEXT,
  phone_digits TEXT COLLATE "C",
  email TEXT,
  address TEXT,
  emergency_contact_name TEXT,
  emergency_contact_phone TEXT,
  is_deceased BOOLEAN DEFAULT false NOT NULL,
  deceased_at TIMESTAMP WITH TIME ZONE,
  no_known_allergies_at TIMESTAMP WITH TIME ZONE,
  no_known_allergies_by_id UUID,
  spo2_scale SMALLINT DEFAULT 1 NOT NULL,
  spo2_scale_set_at TIMESTAMP WITH TIME ZONE,
  spo2_scale_set_by_id UUID,
  is_active BOOLEAN DEFAULT true NOT NULL,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT patients_pkey PRIMARY KEY (id),
  CONSTRAINT patients_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT patients_hospital_id_person_id_key UNIQUE (hospital_id, person_id),
  CONSTRAINT patients_hospital_id_id_person_id_key UNIQUE (hospital_id, id, person_id),
  CONSTRAINT patients_mrn_format_check CHECK (mrn ~ '^[A-Z][A-Z0-9]{1,11}-[0-9]{7,11}$'),
  CONSTRAINT patients_last_name_given_check CHECK (btrim(last_name) <> ''),
  CONSTRAINT patients_date_of_birth_range_check CHECK (date_of_birth BETWEEN DATE '1850-01-01' AND DATE '2200-01-01'),
  CONSTRAINT patients_deceased_pair_check CHECK (deceased_at IS NULL OR is_deceased),
  CONSTRAINT patients_spo2_scale_check CHECK (spo2_scale IN (1, 2)),
  CONSTRAINT patients_spo2_scale_pair_check CHECK ((spo2_scale_set_at IS NULL) = (spo2_scale_set_by_id IS NULL)),
  CONSTRAINT patients_no_known_allergies_pair_check CHECK (no_known_allergies_by_id IS NULL OR no_known_allergies_at IS NOT NULL),
  CONSTRAINT patients_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT patients_user_id_key UNIQUE (user_id),
  CONSTRAINT patients_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT patients_person_id_fkey FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE RESTRICT,
  CONSTRAINT patients_mrn_key UNIQUE (mrn),
  CONSTRAINT patients_no_known_allergies_by_id_fkey FOREIGN KEY(no_known_allergies_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT patients_spo2_scale_set_by_id_fkey FOREIGN KEY(spo2_scale_set_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX patients_hospital_id_date_of_birth_idx ON patients (hospital_id, date_of_birth);
CREATE INDEX patients_hospital_id_mrn_idx ON patients (hospital_id, mrn);
CREATE INDEX patients_hospital_id_phone_digits_idx ON patients (hospital_id, phone_digits);
CREATE INDEX patients_hospital_id_search_family_given_idx ON patients (hospital_id, search_family_given);
CREATE INDEX patients_hospital_id_search_given_family_idx ON patients (hospital_id, search_given_family);
CREATE INDEX patients_last_name_first_name_date_of_birth_idx ON patients (last_name, first_name, date_of_birth);
CREATE INDEX patients_no_known_allergies_by_id_idx ON patients (no_known_allergies_by_id);
CREATE INDEX patients_person_id_idx ON patients (person_id);
CREATE INDEX patients_search_family_given_trgm_idx ON patients USING gin (search_family_given gin_trgm_ops);
CREATE INDEX patients_search_given_family_trgm_idx ON patients USING gin (search_given_family gin_trgm_ops);
CREATE INDEX patients_spo2_scale_set_by_id_idx ON patients (spo2_scale_set_by_id);
COMMENT ON COLUMN patients.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN patients.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN patients.user_id IS 'portal login of the patient; NULL = none';
COMMENT ON COLUMN patients.person_id IS 'the human being this file is of';
COMMENT ON COLUMN patients.mrn IS 'medical record number HOSPITAL-sequence+check digit; never reused, never changed';
COMMENT ON COLUMN patients.first_name IS 'given names';
COMMENT ON COLUMN patients.last_name IS 'family name';
COMMENT ON COLUMN patients.name_prefix IS 'Mr, Mrs, Dr ... as the patient wishes it';
COMMENT ON COLUMN patients.search_family_given IS 'search_key(last_name, first_name)';
COMMENT ON COLUMN patients.search_given_family IS 'search_key(first_name, last_name)';
COMMENT ON COLUMN patients.date_of_birth IS 'NULL = not known';
COMMENT ON COLUMN patients.date_of_birth_precision IS 'how much of date_of_birth is known';
COMMENT ON COLUMN patients.gender IS 'FHIR AdministrativeGender';
COMMENT ON COLUMN patients.blood_group IS 'ABO and Rh(D)';
COMMENT ON COLUMN patients.phone IS 'telephone number as it was written';
COMMENT ON COLUMN patients.phone_digits IS 'last ten digits of phone, for the search';
COMMENT ON COLUMN patients.email IS 'e-mail address';
COMMENT ON COLUMN patients.address IS 'postal address, lines separated by line breaks';
COMMENT ON COLUMN patients.emergency_contact_name IS 'whom to call';
COMMENT ON COLUMN patients.emergency_contact_phone IS 'telephone number of whom to call';
COMMENT ON COLUMN patients.is_deceased IS 'true = known to be dead';
COMMENT ON COLUMN patients.deceased_at IS 'instant of death, where known';
COMMENT ON COLUMN patients.no_known_allergies_at IS 'when ''no known allergies'' was recorded; NULL and no allergy row = not asked';
COMMENT ON COLUMN patients.no_known_allergies_by_id IS 'who recorded it';
COMMENT ON COLUMN patients.spo2_scale IS 'NEWS2 SpO2 scale 1 or 2, set by a doctor';
COMMENT ON COLUMN patients.spo2_scale_set_at IS 'instant the scale was set; NULL = never';
COMMENT ON COLUMN patients.spo2_scale_set_by_id IS 'doctor who set the scale';
COMMENT ON COLUMN patients.is_active IS 'false = switched off, the row stays';
COMMENT ON COLUMN patients.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN patients.created_at IS 'instant the row was written';
COMMENT ON COLUMN patients.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE sessions (
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  refresh_hash TEXT,
  cookie_hash TEXT,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  last_used_at TIMESTAMP WITH TIME ZONE,
  locked_at TIMESTAMP WITH TIME ZONE,
  refresh_count INTEGER DEFAULT 0 NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  end_reason VARCHAR(32) CONSTRAINT sessions_end_reason_check CHECK (end_reason IN ('signed_out', 'refresh_reused', 'ended_by_other', 'switched_user', 'password_changed', 'disabled', 'deleted', 'role_changed', 'moved')),
  ip_address INET,
  user_agent TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_cookie_hash_key UNIQUE (cookie_hash),
  CONSTRAINT sessions_ended_pair_check CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
  CONSTRAINT sessions_expires_later_check CHECK (expires_at > created_at),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX sessions_live_idx ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_user_id_created_at_idx ON sessions (user_id, created_at);
COMMENT ON COLUMN sessions.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN sessions.user_id IS 'the user it belongs to';
COMMENT ON COLUMN sessions.refresh_hash IS 'SHA-256, hex, of the mark of its refresh tokens, and after a colon of the newest; NULL for pages';
COMMENT ON COLUMN sessions.cookie_hash IS 'SHA-256 of the page cookie, hex; NULL for the JSON API';
COMMENT ON COLUMN sessions.expires_at IS 'instant it lapses';
COMMENT ON COLUMN sessions.last_used_at IS 'last request, to the minute';
COMMENT ON COLUMN sessions.locked_at IS 'instant its page was locked by hand; NULL = it was not';
COMMENT ON COLUMN sessions.refresh_count IS 'times it was refreshed, a count';
COMMENT ON COLUMN sessions.ended_at IS 'instant it was ended; NULL = not ended';
COMMENT ON COLUMN sessions.end_reason IS 'why it ended';
COMMENT ON COLUMN sessions.ip_address IS 'address the request came from';
COMMENT ON COLUMN sessions.user_agent IS 'program the request came from';
COMMENT ON COLUMN sessions.created_at IS 'instant the row was written';
COMMENT ON COLUMN sessions.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE password_links (
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  purpose VARCHAR(32) NOT NULL CONSTRAINT password_links_purpose_check CHECK (purpose IN ('invite', 'reset')),
  token_hash TEXT NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  closed_at TIMESTAMP WITH TIME ZONE,
  close_reason VARCHAR(32) CONSTRAINT password_links_close_reason_check CHECK (close_reason IN ('used', 'replaced', 'account_changed')),
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT password_links_pkey PRIMARY KEY (id),
  CONSTRAINT password_links_token_hash_key UNIQUE (token_hash),
  CONSTRAINT password_links_closed_pair_check CHECK ((closed_at IS NULL) = (close_reason IS NULL)),
  CONSTRAINT password_links_expires_later_check CHECK (expires_at > created_at),
  CONSTRAINT password_links_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE UNIQUE INDEX password_links_open_key ON password_links (user_id) WHERE closed_at IS NULL;
CREATE INDEX password_links_user_id_created_at_idx ON password_links (user_id, created_at);
COMMENT ON COLUMN password_links.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN password_links.user_id IS 'the user it belongs to';
COMMENT ON COLUMN password_links.purpose IS 'invite or reset';
COMMENT ON COLUMN password_links.token_hash IS 'SHA-256 of the token in the link, hex';
COMMENT ON COLUMN password_links.expires_at IS 'instant it lapses';
COMMENT ON COLUMN password_links.closed_at IS 'instant it was closed; NULL = it still works';
COMMENT ON COLUMN password_links.close_reason IS 'why it works no more';
COMMENT ON COLUMN password_links.created_at IS 'instant the row was written';
COMMENT ON COLUMN password_links.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE sign_in_delays (
  id UUID NOT NULL,
  kind VARCHAR(32) NOT NULL CONSTRAINT sign_in_delays_kind_check CHECK (kind IN ('account', 'address')),
  key_hash TEXT NOT NULL,
  failures INTEGER DEFAULT 0 NOT NULL,
  last_failed_at TIMESTAMP WITH TIME ZONE,
  next_attempt_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT sign_in_delays_pkey PRIMARY KEY (id),
  CONSTRAINT sign_in_delays_kind_key_hash_key UNIQUE (kind, key_hash),
  CONSTRAINT sign_in_delays_failures_range_check CHECK (failures >= 0)
);

COMMENT ON COLUMN sign_in_delays.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN sign_in_delays.kind IS 'account or address';
COMMENT ON COLUMN sign_in_delays.key_hash IS 'SHA-256 of the e-mail or the address, hex';
COMMENT ON COLUMN sign_in_delays.failures IS 'attempts that have not succeeded, a count';
COMMENT ON COLUMN sign_in_delays.last_failed_at IS 'instant of the newest of them';
COMMENT ON COLUMN sign_in_delays.next_attempt_at IS 'no attempt is taken before';
COMMENT ON COLUMN sign_in_delays.created_at IS 'instant the row was written';
COMMENT ON COLUMN sign_in_delays.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE form_drafts (
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  page TEXT NOT NULL,
  form TEXT NOT NULL,
  fields JSONB DEFAULT '{}' NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT form_drafts_pkey PRIMARY KEY (id),
  CONSTRAINT form_drafts_user_id_page_form_key UNIQUE (user_id, page, form),
  CONSTRAINT form_drafts_page_length_check CHECK (length(page) BETWEEN 1 AND 500),
  CONSTRAINT form_drafts_form_length_check CHECK (length(form) BETWEEN 1 AND 500),
  CONSTRAINT form_drafts_fields_object_check CHECK (jsonb_typeof(fields) = 'object'),
  CONSTRAINT form_drafts_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE RESTRICT
);

COMMENT ON COLUMN form_drafts.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN form_drafts.user_id IS 'the user it belongs to';
COMMENT ON COLUMN form_drafts.page IS 'path of the page';
COMMENT ON COLUMN form_drafts.form IS 'path that the form is sent to';
COMMENT ON COLUMN form_drafts.fields IS 'name and value of each field, never a password; empty once sent';
COMMENT ON COLUMN form_drafts.created_at IS 'instant the row was written';
COMMENT ON COLUMN form_drafts.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE access_grants (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  user_id UUID NOT NULL,
  person_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  reason TEXT NOT NULL,
  granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  reviewed_at TIMESTAMP WITH TIME ZONE,
  reviewed_by_id UUID,
  review_outcome VARCHAR(32) CONSTRAINT access_grants_review_outcome_check CHECK (review_outcome IN ('justified', 'not_justified')),
  review_comment TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT access_grants_pkey PRIMARY KEY (id),
  CONSTRAINT access_grants_hospital_id_patient_id_person_id_fkey FOREIGN KEY(hospital_id, patient_id, person_id) REFERENCES patients (hospital_id, id, person_id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT access_grants_reason_length_check CHECK (length(btrim(reason)) BETWEEN 10 AND 500),
  CONSTRAINT access_grants_sixty_minutes_check CHECK (expires_at = granted_at + INTERVAL '60 minutes'),
  CONSTRAINT access_grants_ended_in_time_check CHECK (ended_at BETWEEN granted_at AND expires_at),
  CONSTRAINT access_grants_reviewed_together_check CHECK (num_nonnulls(reviewed_at, reviewed_by_id, review_outcome) IN (0, 3)),
  CONSTRAINT access_grants_reviewed_after_end_check CHECK (reviewed_at >= LEAST(ended_at, expires_at)),
  CONSTRAINT access_grants_reviewed_by_other_check CHECK (reviewed_by_id <> user_id),
  CONSTRAINT access_grants_comment_of_review_check CHECK (review_comment IS NULL OR reviewed_at IS NOT NULL),
  CONSTRAINT access_grants_not_justified_has_comment_check CHECK (review_outcome <> 'not_justified' OR btrim(COALESCE(review_comment, '')) <> ''),
  CONSTRAINT access_grants_one_live_excl EXCLUDE USING gist (user_id WITH =, person_id WITH =, tstzrange(granted_at, LEAST(ended_at, expires_at)) WITH &&),
  CONSTRAINT access_grants_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT access_grants_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT access_grants_reviewed_by_id_fkey FOREIGN KEY(reviewed_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX access_grants_hospital_id_patient_id_person_id_idx ON access_grants (hospital_id, patient_id, person_id);
CREATE INDEX access_grants_person_id_idx ON access_grants (person_id, granted_at DESC);
CREATE INDEX access_grants_reviewed_by_id_idx ON access_grants (reviewed_by_id);
CREATE INDEX access_grants_to_review_idx ON access_grants (hospital_id, granted_at) WHERE reviewed_at IS NULL;
CREATE INDEX access_grants_user_id_person_id_expires_at_idx ON access_grants (user_id, person_id, expires_at);
COMMENT ON COLUMN access_grants.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN access_grants.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN access_grants.user_id IS 'who uses it';
COMMENT ON COLUMN access_grants.person_id IS 'whose records of other hospitals are opened';
COMMENT ON COLUMN access_grants.patient_id IS 'the person''s file at this hospital';
COMMENT ON COLUMN access_grants.reason IS 'why it could not wait, in the user''s words';
COMMENT ON COLUMN access_grants.granted_at IS 'instant it began';
COMMENT ON COLUMN access_grants.expires_at IS '60 minutes after granted_at';
COMMENT ON COLUMN access_grants.ended_at IS 'ended by the user before it expired';
COMMENT ON COLUMN access_grants.reviewed_at IS 'instant of the review; NULL = it waits';
COMMENT ON COLUMN access_grants.reviewed_by_id IS 'who reviewed it, never the user himself';
COMMENT ON COLUMN access_grants.review_outcome IS 'what the review found';
COMMENT ON COLUMN access_grants.review_comment IS 'why the review found so';
COMMENT ON COLUMN access_grants.created_at IS 'instant the row was written';
COMMENT ON COLUMN access_grants.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE allergies (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  substance TEXT NOT NULL,
  code_system TEXT,
  code TEXT,
  category VARCHAR(32) CONSTRAINT allergies_category_check CHECK (category IN ('food', 'medication', 'environment', 'biologic')),
  criticality VARCHAR(32) CONSTRAINT allergies_criticality_check CHECK (criticality IN ('low', 'high', 'unable-to-assess')),
  clinical_status VARCHAR(32) DEFAULT 'active' NOT NULL CONSTRAINT allergies_clinical_status_check CHECK (clinical_status IN ('active', 'inactive', 'resolved')),
  verification_status VARCHAR(32) DEFAULT 'unconfirmed' NOT NULL CONSTRAINT allergies_verification_status_check CHECK (verification_status IN ('unconfirmed', 'confirmed', 'refuted', 'entered-in-error')),
  reaction TEXT,
  reaction_severity VARCHAR(32) CONSTRAINT allergies_reaction_severity_check CHECK (reaction_severity IN ('mild', 'moderate', 'severe')),
  recorded_at TIMESTAMP WITH TIME ZONE,
  recorded_by_id UUID,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT allergies_pkey PRIMARY KEY (id),
  CONSTRAINT allergies_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT allergies_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT allergies_substance_given_check CHECK (btrim(substance) <> ''),
  CONSTRAINT allergies_authored_complete_check CHECK (source IS NOT NULL OR (recorded_by_id IS NOT NULL)),
  CONSTRAINT allergies_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT allergies_recorded_by_id_fkey FOREIGN KEY(recorded_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX allergies_hospital_id_patient_id_idx ON allergies (hospital_id, patient_id);
CREATE INDEX allergies_patient_id_created_at_idx ON allergies (patient_id, created_at);
CREATE INDEX allergies_recorded_by_id_idx ON allergies (recorded_by_id);
COMMENT ON COLUMN allergies.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN allergies.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN allergies.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN allergies.substance IS 'what the patient does not tolerate, in words';
COMMENT ON COLUMN allergies.code_system IS 'URI of the code system';
COMMENT ON COLUMN allergies.code IS 'code in code_system';
COMMENT ON COLUMN allergies.category IS 'FHIR allergy-intolerance-category';
COMMENT ON COLUMN allergies.criticality IS 'FHIR allergy-intolerance-criticality';
COMMENT ON COLUMN allergies.clinical_status IS 'FHIR allergyintolerance-clinical';
COMMENT ON COLUMN allergies.verification_status IS 'FHIR allergyintolerance-verification';
COMMENT ON COLUMN allergies.reaction IS 'what happened, in words';
COMMENT ON COLUMN allergies.reaction_severity IS 'FHIR reaction-event-severity';
COMMENT ON COLUMN allergies.recorded_at IS 'when it was recorded at the source or here';
COMMENT ON COLUMN allergies.recorded_by_id IS 'who recorded it';
COMMENT ON COLUMN allergies.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN allergies.created_at IS 'instant the row was written';
COMMENT ON COLUMN allergies.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE patient_identifiers (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  type TEXT,
  system TEXT,
  value TEXT COLLATE "C" NOT NULL,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT patient_identifiers_pkey PRIMARY KEY (id),
  CONSTRAINT patient_identifiers_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT patient_identifiers_hospital_id_patient_id_system_value_6df2 UNIQUE NULLS NOT DISTINCT (hospital_id, patient_id, system, value, type),
  CONSTRAINT patient_identifiers_value_given_check CHECK (btrim(value) <> ''),
  CONSTRAINT patient_identifiers_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT
);

CREATE INDEX patient_identifiers_hospital_id_value_idx ON patient_identifiers (hospital_id, value);
COMMENT ON COLUMN patient_identifiers.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN patient_identifiers.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN patient_identifiers.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN patient_identifiers.type IS 'HL7 v2-0203 code where the source gave one';
COMMENT ON COLUMN patient_identifiers.system IS 'URI of the issuing system';
COMMENT ON COLUMN patient_identifiers.value IS 'the number itself';
COMMENT ON COLUMN patient_identifiers.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN patient_identifiers.created_at IS 'instant the row was written';
COMMENT ON COLUMN patient_identifiers.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE visits (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  attending_doctor_id UUID,
  visit_type VARCHAR(32) NOT NULL CONSTRAINT visits_visit_type_check CHECK (visit_type IN ('inpatient', 'outpatient', 'emergency')),
  class_code TEXT,
  status VARCHAR(32) DEFAULT 'planned' NOT NULL CONSTRAINT visits_status_check CHECK (status IN ('planned', 'active', 'on_leave', 'discharged', 'transferred', 'deceased', 'cancelled', 'entered_in_error')),
  admission_date TIMESTAMP WITH TIME ZONE,
  discharge_date TIMESTAMP WITH TIME ZONE,
  disposition VARCHAR(32) CONSTRAINT visits_disposition_check CHECK (disposition IN ('home', 'alt-home', 'other-hcf', 'hosp', 'long', 'aadvice', 'exp', 'psy', 'rehab', 'snf', 'oth')),
  reason_for_visit TEXT,
  diagnosis TEXT,
  discharge_summary TEXT,
  sync_status VARCHAR(32) DEFAULT 'pending' NOT NULL CONSTRAINT visits_sync_status_check CHECK (sync_status IN ('pending', 'synced', 'failed')),
  synced_at TIMESTAMP WITH TIME ZONE,
  discharge_ordered_at TIMESTAMP WITH TIME ZONE,
  discharge_ordered_by_id UUID,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT visits_pkey PRIMARY KEY (id),
  CONSTRAINT visits_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT visits_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT visits_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  CONSTRAINT visits_discharge_after_admission_check CHECK (discharge_date >= admission_date),
  CONSTRAINT visits_ended_has_date_check CHECK (source IS NOT NULL OR (status IN ('discharged', 'transferred', 'deceased')) <= (discharge_date IS NOT NULL)),
  CONSTRAINT visits_started_has_date_check CHECK (source IS NOT NULL OR (status IN ('active', 'on_leave', 'discharged', 'transferred', 'deceased')) <= (admission_date IS NOT NULL)),
  CONSTRAINT visits_open_has_no_discharge_check CHECK (NOT (status IN ('active', 'on_leave')) OR discharge_date IS NULL),
  CONSTRAINT visits_discharge_ordered_pair_check CHECK ((discharge_ordered_at IS NULL) = (discharge_ordered_by_id IS NULL)),
  CONSTRAINT visits_synced_pair_check CHECK ((sync_status = 'synced') = (synced_at IS NOT NULL)),
  CONSTRAINT visits_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT visits_attending_doctor_id_fkey FOREIGN KEY(attending_doctor_id) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT visits_discharge_ordered_by_id_fkey FOREIGN KEY(discharge_ordered_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX visits_attending_doctor_id_idx ON visits (attending_doctor_id);
CREATE INDEX visits_discharge_ordered_by_id_idx ON visits (discharge_ordered_by_id);
CREATE INDEX visits_hospital_id_patient_id_idx ON visits (hospital_id, patient_id);
CREATE INDEX visits_hospital_id_status_admission_date_idx ON visits (hospital_id, status, admission_date);
CREATE UNIQUE INDEX visits_one_open_inpatient_key ON visits (hospital_id, patient_id) WHERE visit_type = 'inpatient' AND status IN ('active', 'on_leave');
CREATE INDEX visits_patient_id_admission_date_idx ON visits (patient_id, admission_date);
CREATE INDEX visits_patient_id_status_idx ON visits (patient_id, status);
CREATE INDEX visits_sync_status_idx ON visits (sync_status) WHERE sync_status <> 'synced';
COMMENT ON COLUMN visits.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN visits.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN visits.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN visits.attending_doctor_id IS 'doctor in charge';
COMMENT ON COLUMN visits.visit_type IS 'inpatient, outpatient or emergency';
COMMENT ON COLUMN visits.class_code IS 'the source''s own class (v3-ActCode), kept as it came';
COMMENT ON COLUMN visits.status IS 'domain 5.4; moves by its machine';
COMMENT ON COLUMN visits.admission_date IS 'instant of admission';
COMMENT ON COLUMN visits.discharge_date IS 'instant of departure';
COMMENT ON COLUMN visits.disposition IS 'FHIR discharge-disposition';
COMMENT ON COLUMN visits.reason_for_visit IS 'why the patient came';
COMMENT ON COLUMN visits.diagnosis IS 'in words; the coded ones are in diagnoses';
COMMENT ON COLUMN visits.discharge_summary IS 'letter at discharge, in words';
COMMENT ON COLUMN visits.sync_status IS 'publication to the global record';
COMMENT ON COLUMN visits.synced_at IS 'instant of the publication';
COMMENT ON COLUMN visits.discharge_ordered_at IS 'ordered; the bed is kept until departure';
COMMENT ON COLUMN visits.discharge_ordered_by_id IS 'doctor who ordered the discharge';
COMMENT ON COLUMN visits.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN visits.created_at IS 'instant the row was written';
COMMENT ON COLUMN visits.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE ai_drafts (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  draft_type VARCHAR(32) NOT NULL CONSTRAINT ai_drafts_draft_type_check CHECK (draft_type IN ('risk_score', 'discharge_summary', 'treatment_plan', 'anomaly_alert')),
  content JSONB DEFAULT '{}' NOT NULL,
  content_hash TEXT NOT NULL,
  provider TEXT NOT NULL,
  inputs JSONB DEFAULT '{}' NOT NULL,
  status VARCHAR(32) DEFAULT 'pending' NOT NULL CONSTRAINT ai_drafts_status_check CHECK (status IN ('pending', 'in_review', 'approved', 'approved_with_edits', 'rejected', 'superseded', 'expired')),
  reviewed_by_id UUID,
  reviewed_at TIMESTAMP WITH TIME ZONE,
  approval_notes TEXT,
  expires_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT ai_drafts_pkey PRIMARY KEY (id),
  CONSTRAINT ai_drafts_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT ai_drafts_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT ai_drafts_content_object_check CHECK (jsonb_typeof(content) = 'object'),
  CONSTRAINT ai_drafts_reviewed_pair_check CHECK ((status IN ('approved', 'approved_with_edits', 'rejected')) = (reviewed_at IS NOT NULL) AND (reviewed_at IS NULL) = (reviewed_by_id IS NULL)),
  CONSTRAINT ai_drafts_rejected_has_reason_check CHECK (status <> 'rejected' OR COALESCE(btrim(approval_notes), '') <> ''),
  CONSTRAINT ai_drafts_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT ai_drafts_reviewed_by_id_fkey FOREIGN KEY(reviewed_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX ai_drafts_content_idx ON ai_drafts USING gin (content jsonb_path_ops);
CREATE INDEX ai_drafts_hospital_id_patient_id_visit_id_idx ON ai_drafts (hospital_id, patient_id, visit_id);
CREATE INDEX ai_drafts_hospital_id_status_created_at_idx ON ai_drafts (hospital_id, status, created_at);
CREATE INDEX ai_drafts_reviewed_by_id_idx ON ai_drafts (reviewed_by_id);
CREATE INDEX ai_drafts_waiting_idx ON ai_drafts (status, created_at) WHERE status IN ('pending', 'in_review');
COMMENT ON COLUMN ai_drafts.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN ai_drafts.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN ai_drafts.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN ai_drafts.visit_id IS 'the visit it belongs to';
COMMENT ON COLUMN ai_drafts.draft_type IS 'what is proposed';
COMMENT ON COLUMN ai_drafts.content IS 'the draft, by its type';
COMMENT ON COLUMN ai_drafts.content_hash IS 'SHA-256 of the canonical content, hex; approval names it';
COMMENT ON COLUMN ai_drafts.provider IS 'who drafted: provider, model and version';
COMMENT ON COLUMN ai_drafts.inputs IS 'ids and versions the draft was made from';
COMMENT ON COLUMN ai_drafts.status IS 'domain 5.13; moves by its machine';
COMMENT ON COLUMN ai_drafts.reviewed_by_id IS 'who decided';
COMMENT ON COLUMN ai_drafts.reviewed_at IS 'instant of the decision';
COMMENT ON COLUMN ai_drafts.approval_notes IS 'remarks of the reviewer; the reason of a rejection';
COMMENT ON COLUMN ai_drafts.expires_at IS 'instant from which it may no longer be approved';
COMMENT ON COLUMN ai_drafts.created_at IS 'instant the row was written';
COMMENT ON COLUMN ai_drafts.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE appointments (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  doctor_id UUID NOT NULL,
  visit_id UUID,
  created_by_id UUID,
  scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL,
  duration_minutes SMALLINT NOT NULL,
  ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
  status VARCHAR(32) DEFAULT 'scheduled' NOT NULL CONSTRAINT appointments_status_check CHECK (status IN ('scheduled', 'checked_in', 'in_progress', 'completed', 'cancelled', 'no_show', 'entered_in_error')),
  reason TEXT,
  checked_in_at TIMESTAMP WITH TIME ZONE,
  cancelled_at TIMESTAMP WITH TIME ZONE,
  cancellation_reason TEXT,
  reschedules_id UUID,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT appointments_pkey PRIMARY KEY (id),
  CONSTRAINT appointments_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT appointments_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT appointments_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  CONSTRAINT appointments_hospital_id_patient_id_reschedules_id_fkey FOREIGN KEY(hospital_id, patient_id, reschedules_id) REFERENCES appointments (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT appointments_reschedules_id_key UNIQUE (reschedules_id),
  CONSTRAINT appointments_reschedules_other_check CHECK (reschedules_id <> id),
  CONSTRAINT appointments_duration_minutes_range_check CHECK (duration_minutes BETWEEN 5 AND 480),
  CONSTRAINT appointments_ends_at_held_check CHECK (ends_at - scheduled_at = duration_minutes * INTERVAL '1 minute'),
  CONSTRAINT appointments_cancelled_pair_check CHECK (source IS NOT NULL OR status = 'entered_in_error' OR (status = 'cancelled') = (cancelled_at IS NOT NULL)),
  CONSTRAINT appointments_cancelled_has_reason_check CHECK (source IS NOT NULL OR status <> 'cancelled' OR COALESCE(btrim(cancellation_reason), '') <> ''),
  CONSTRAINT appointments_checked_in_pair_check CHECK (source IS NOT NULL OR status NOT IN ('checked_in', 'in_progress', 'completed') OR checked_in_at IS NOT NULL),
  CONSTRAINT appointments_authored_complete_check CHECK (source IS NOT NULL OR (created_by_id IS NOT NULL)),
  CONSTRAINT appointments_doctor_overlap_excl EXCLUDE USING gist (doctor_id WITH =, tstzrange(scheduled_at, ends_at) WITH &&) WHERE (status IN ('scheduled', 'checked_in', 'in_progress')),
  CONSTRAINT appointments_patient_overlap_excl EXCLUDE USING gist (patient_id WITH =, tstzrange(scheduled_at, ends_at) WITH &&) WHERE (status IN ('scheduled', 'checked_in', 'in_progress')),
  CONSTRAINT appointments_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT appointments_doctor_id_fkey FOREIGN KEY(doctor_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT appointments_created_by_id_fkey FOREIGN KEY(created_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX appointments_created_by_id_idx ON appointments (created_by_id);
CREATE INDEX appointments_doctor_id_scheduled_at_idx ON appointments (doctor_id, scheduled_at);
CREATE INDEX appointments_hospital_id_patient_id_reschedules_id_idx ON appointments (hospital_id, patient_id, reschedules_id) WHERE reschedules_id IS NOT NULL;
CREATE INDEX appointments_hospital_id_patient_id_visit_id_idx ON appointments (hospital_id, patient_id, visit_id);
CREATE INDEX appointments_hospital_id_scheduled_at_idx ON appointments (hospital_id, scheduled_at);
CREATE INDEX appointments_patient_id_scheduled_at_idx ON appointments (patient_id, scheduled_at);
CREATE INDEX appointments_status_scheduled_at_idx ON appointments (status, scheduled_at);
COMMENT ON COLUMN appointments.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN appointments.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN appointments.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN appointments.doctor_id IS 'whom the patient sees';
COMMENT ON COLUMN appointments.visit_id IS 'the visit it became, from in_progress on';
COMMENT ON COLUMN appointments.created_by_id IS 'who booked';
COMMENT ON COLUMN appointments.scheduled_at IS 'start';
COMMENT ON COLUMN appointments.duration_minutes IS 'minutes, 5 to 480';
COMMENT ON COLUMN appointments.ends_at IS 'scheduled_at + duration_minutes, held by CHECK';
COMMENT ON COLUMN appointments.status IS 'domain 5.8; moves by its machine';
COMMENT ON COLUMN appointments.reason IS 'why the patient comes';
COMMENT ON COLUMN appointments.checked_in_at IS 'instant the patient reported';
COMMENT ON COLUMN appointments.cancelled_at IS 'instant of cancelling';
COMMENT ON COLUMN appointments.cancellation_reason IS 'why it was cancelled';
COMMENT ON COLUMN appointments.reschedules_id IS 'the cancelled appointment this one replaces';
COMMENT ON COLUMN appointments.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN appointments.created_at IS 'instant the row was written';
COMMENT ON COLUMN appointments.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE beds (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  bed_number TEXT NOT NULL,
  ward TEXT NOT NULL,
  floor TEXT,
  bed_type VARCHAR(32) DEFAULT 'general' NOT NULL CONSTRAINT beds_bed_type_check CHECK (bed_type IN ('general', 'icu', 'isolation', 'maternity', 'paediatric', 'emergency', 'day')),
  status VARCHAR(32) DEFAULT 'available' NOT NULL CONSTRAINT beds_status_check CHECK (status IN ('available', 'reserved', 'occupied', 'cleaning', 'maintenance', 'closed')),
  assigned_patient_id UUID,
  assigned_visit_id UUID,
  assigned_at TIMESTAMP WITH TIME ZONE,
  reserved_for_visit_id UUID,
  reserved_until TIMESTAMP WITH TIME ZONE,
  is_active BOOLEAN DEFAULT true NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT beds_pkey PRIMARY KEY (id),
  CONSTRAINT beds_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT beds_hospital_id_bed_number_key UNIQUE (hospital_id, bed_number),
  CONSTRAINT beds_hospital_id_assigned_patient_id_assigned_visit_id_fkey FOREIGN KEY(hospital_id, assigned_patient_id, assigned_visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT beds_hospital_id_reserved_for_visit_id_fkey FOREIGN KEY(hospital_id, reserved_for_visit_id) REFERENCES visits (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT beds_assigned_visit_id_key UNIQUE (assigned_visit_id),
  CONSTRAINT beds_named_check CHECK (btrim(bed_number) <> '' AND btrim(ward) <> ''),
  CONSTRAINT beds_occupied_assigned_check CHECK ((status = 'occupied') = (assigned_visit_id IS NOT NULL) AND num_nonnulls(assigned_patient_id, assigned_visit_id, assigned_at) IN (0, 3)),
  CONSTRAINT beds_reserved_named_check CHECK ((status = 'reserved') = (reserved_for_visit_id IS NOT NULL) AND num_nonnulls(reserved_for_visit_id, reserved_until) IN (0, 2)),
  CONSTRAINT beds_off_is_empty_check CHECK (is_active OR status NOT IN ('occupied', 'reserved')),
  CONSTRAINT beds_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT
);

CREATE INDEX beds_hospital_id_assigned_patient_id_assigned_visit_id_idx ON beds (hospital_id, assigned_patient_id, assigned_visit_id);
CREATE INDEX beds_hospital_id_reserved_for_visit_id_idx ON beds (hospital_id, reserved_for_visit_id);
CREATE INDEX beds_hospital_id_status_ward_idx ON beds (hospital_id, status, ward);
CREATE INDEX beds_reserved_until_idx ON beds (reserved_until) WHERE status = 'reserved';
CREATE INDEX beds_status_idx ON beds (status);
COMMENT ON COLUMN beds.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN beds.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN beds.bed_number IS 'what stands on the bed, unique in the hospital';
COMMENT ON COLUMN beds.ward IS 'ward it stands in';
COMMENT ON COLUMN beds.floor IS 'floor it stands on';
COMMENT ON COLUMN beds.bed_type IS 'what the bed is fit for';
COMMENT ON COLUMN beds.status IS 'domain 5.5; moves by its machine';
COMMENT ON COLUMN beds.assigned_patient_id IS 'who lies in it';
COMMENT ON COLUMN beds.assigned_visit_id IS 'the visit of who lies in it';
COMMENT ON COLUMN beds.assigned_at IS 'instant the stay began';
COMMENT ON COLUMN beds.reserved_for_visit_id IS 'the visit it is kept for';
COMMENT ON COLUMN beds.reserved_until IS 'instant the reservation lapses';
COMMENT ON COLUMN beds.is_active IS 'false = switched off, the row stays';
COMMENT ON COLUMN beds.created_at IS 'instant the row was written';
COMMENT ON COLUMN beds.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE diagnoses (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  code_system TEXT NOT NULL,
  code TEXT NOT NULL,
  text TEXT NOT NULL,
  role VARCHAR(32) NOT NULL CONSTRAINT diagnoses_role_check CHECK (role IN ('admission', 'final', 'comorbid')),
  rank SMALLINT NOT NULL,
  recorded_by_id UUID,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT diagnoses_pkey PRIMARY KEY (id),
  CONSTRAINT diagnoses_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT diagnoses_visit_id_role_rank_key UNIQUE (visit_id, role, rank),
  CONSTRAINT diagnoses_rank_range_check CHECK (rank >= 1),
  CONSTRAINT diagnoses_text_given_check CHECK (btrim(text) <> ''),
  CONSTRAINT diagnoses_authored_complete_check CHECK (source IS NOT NULL OR (recorded_by_id IS NOT NULL)),
  CONSTRAINT diagnoses_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT diagnoses_recorded_by_id_fkey FOREIGN KEY(recorded_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX diagnoses_hospital_id_patient_id_visit_id_idx ON diagnoses (hospital_id, patient_id, visit_id);
CREATE INDEX diagnoses_recorded_by_id_idx ON diagnoses (recorded_by_id);
COMMENT ON COLUMN diagnoses.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN diagnoses.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN diagnoses.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN diagnoses.visit_id IS 'the visit it belongs to';
COMMENT ON COLUMN diagnoses.code_system IS 'URI of the code system, such as ICD-10-CM';
COMMENT ON COLUMN diagnoses.code IS 'code in code_system';
COMMENT ON COLUMN diagnoses.text IS 'the diagnosis in words';
COMMENT ON COLUMN diagnoses.role IS 'admission, final or comorbid';
COMMENT ON COLUMN diagnoses.rank IS '1 = first of its role';
COMMENT ON COLUMN diagnoses.recorded_by_id IS 'who recorded it';
COMMENT ON COLUMN diagnoses.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN diagnoses.created_at IS 'instant the row was written';
COMMENT ON COLUMN diagnoses.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE emr_local (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID,
  record_type TEXT NOT NULL,
  data JSONB DEFAULT '{}' NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE,
  version SMALLINT DEFAULT 1 NOT NULL,
  status VARCHAR(32) DEFAULT 'final' NOT NULL CONSTRAINT emr_local_status_check CHECK (status IN ('preliminary', 'final', 'amended', 'entered_in_error')),
  kept_reason VARCHAR(32) CONSTRAINT emr_local_kept_reason_check CHECK (kept_reason IN ('unmapped', 'rounded', 'incomplete', 'refused', 'clash')),
  signed_at TIMESTAMP WITH TIME ZONE,
  signed_by_id UUID,
  released_at TIMESTAMP WITH TIME ZONE,
  created_by_id UUID,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT emr_local_pkey PRIMARY KEY (id),
  CONSTRAINT emr_local_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT emr_local_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT emr_local_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  CONSTRAINT emr_local_record_type_given_check CHECK (btrim(record_type) <> ''),
  CONSTRAINT emr_local_data_object_check CHECK (jsonb_typeof(data) = 'object'),
  CONSTRAINT emr_local_version_range_check CHECK (version >= 1),
  CONSTRAINT emr_local_signed_pair_check CHECK ((signed_at IS NULL) = (signed_by_id IS NULL)),
  CONSTRAINT emr_local_kept_is_imported_check CHECK (kept_reason IS NULL OR source IS NOT NULL),
  CONSTRAINT emr_local_authored_complete_check CHECK (source IS NOT NULL OR (created_by_id IS NOT NULL)),
  CONSTRAINT emr_local_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT emr_local_signed_by_id_fkey FOREIGN KEY(signed_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT emr_local_created_by_id_fkey FOREIGN KEY(created_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX emr_local_created_by_id_idx ON emr_local (created_by_id);
CREATE INDEX emr_local_data_idx ON emr_local USING gin (data jsonb_path_ops);
CREATE INDEX emr_local_hospital_id_patient_id_visit_id_idx ON emr_local (hospital_id, patient_id, visit_id);
CREATE INDEX emr_local_patient_id_created_at_idx ON emr_local (patient_id, created_at);
CREATE INDEX emr_local_patient_id_record_type_idx ON emr_local (patient_id, record_type, recorded_at DESC, id DESC);
CREATE INDEX emr_local_signed_by_id_idx ON emr_local (signed_by_id);
COMMENT ON COLUMN emr_local.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN emr_local.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN emr_local.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN emr_local.visit_id IS 'the visit it belongs to; NULL = none';
COMMENT ON COLUMN emr_local.record_type IS 'FHIR resource type, or the kind of note';
COMMENT ON COLUMN emr_local.data IS 'the record, by its type';
COMMENT ON COLUMN emr_local.recorded_at IS 'the instant the record is about';
COMMENT ON COLUMN emr_local.version IS '1 for the first, one more for each amendment';
COMMENT ON COLUMN emr_local.status IS 'FHIR docStatus';
COMMENT ON COLUMN emr_local.kept_reason IS 'why an import kept the resource whole';
COMMENT ON COLUMN emr_local.signed_at IS 'instant of the signature';
COMMENT ON COLUMN emr_local.signed_by_id IS 'who signed';
COMMENT ON COLUMN emr_local.released_at IS 'shown to the patient from then on';
COMMENT ON COLUMN emr_local.created_by_id IS 'who made it';
COMMENT ON COLUMN emr_local.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN emr_local.created_at IS 'instant the row was written';
COMMENT ON COLUMN emr_local.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE lab_tests (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID,
  requested_by_id UUID,
  assigned_to_id UUID,
  test_type TEXT NOT NULL,
  code_system TEXT,
  code TEXT,
  urgency VARCHAR(32) DEFAULT 'routine' NOT NULL CONSTRAINT lab_tests_urgency_check CHECK (urgency IN ('routine', 'urgent', 'stat')),
  status VARCHAR(32) DEFAULT 'pending' NOT NULL CONSTRAINT lab_tests_status_check CHECK (status IN ('pending', 'accepted', 'in_progress', 'completed', 'cancelled', 'entered_in_error')),
  requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
  accepted_at TIMESTAMP WITH TIME ZONE,
  in_progress_at TIMESTAMP WITH TIME ZONE,
  completed_at TIMESTAMP WITH TIME ZONE,
  released_at TIMESTAMP WITH TIME ZONE,
  cancelled_at TIMESTAMP WITH TIME ZONE,
  cancellation_reason TEXT,
  result_summary TEXT,
  result_file_url TEXT,
  notes TEXT,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT lab_tests_pkey PRIMARY KEY (id),
  CONSTRAINT lab_tests_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT lab_tests_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT lab_tests_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT lab_tests_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  CONSTRAINT lab_tests_test_type_given_check CHECK (btrim(test_type) <> ''),
  CONSTRAINT lab_tests_instants_rise_check CHECK (accepted_at >= requested_at AND in_progress_at >= COALESCE(accepted_at, requested_at) AND completed_at >= COALESCE(in_progress_at, accepted_at, requested_at) AND cancelled_at >= requested_at AND released_at >= completed_at),
  CONSTRAINT lab_tests_completed_pair_check CHECK (source IS NOT NULL OR status = 'entered_in_error' OR (status = 'completed') = (completed_at IS NOT NULL)),
  CONSTRAINT lab_tests_cancelled_pair_check CHECK (source IS NOT NULL OR status = 'entered_in_error' OR (status = 'cancelled') = (cancelled_at IS NOT NULL)),
  CONSTRAINT lab_tests_pending_not_accepted_check CHECK (status <> 'pending' OR accepted_at IS NULL),
  CONSTRAINT lab_tests_steps_have_instants_check CHECK (source IS NOT NULL OR status NOT IN ('accepted', 'in_progress', 'completed') OR accepted_at IS NOT NULL AND (status = 'accepted' OR in_progress_at IS NOT NULL)),
  CONSTRAINT lab_tests_released_is_completed_check CHECK (released_at IS NULL OR completed_at IS NOT NULL),
  CONSTRAINT lab_tests_result_file_key_check CHECK (result_file_url ~ '^[A-Za-z0-9_-]+/lab/[0-9a-f-]{36}\.pdf$'),
  CONSTRAINT lab_tests_authored_complete_check CHECK (source IS NOT NULL OR (visit_id IS NOT NULL AND requested_by_id IS NOT NULL)),
  CONSTRAINT lab_tests_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT lab_tests_requested_by_id_fkey FOREIGN KEY(requested_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT lab_tests_assigned_to_id_fkey FOREIGN KEY(assigned_to_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX lab_tests_assigned_to_id_idx ON lab_tests (assigned_to_id);
CREATE INDEX lab_tests_hospital_id_patient_id_visit_id_idx ON lab_tests (hospital_id, patient_id, visit_id);
CREATE INDEX lab_tests_patient_id_created_at_idx ON lab_tests (patient_id, created_at);
CREATE INDEX lab_tests_patient_id_idx ON lab_tests (patient_id, requested_at DESC, id DESC);
CREATE INDEX lab_tests_queue_idx ON lab_tests (hospital_id, status, urgency, requested_at) WHERE status IN ('pending', 'accepted', 'in_progress');
CREATE INDEX lab_tests_requested_by_id_idx ON lab_tests (requested_by_id);
CREATE INDEX lab_tests_status_urgency_requested_at_idx ON lab_tests (status, urgency, requested_at);
CREATE INDEX lab_tests_urgency_idx ON lab_tests (urgency);
CREATE INDEX lab_tests_visit_id_idx ON lab_tests (visit_id, requested_at DESC);
COMMENT ON COLUMN lab_tests.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN lab_tests.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN lab_tests.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN lab_tests.visit_id IS 'NULL only on imported rows';
COMMENT ON COLUMN lab_tests.requested_by_id IS 'who ordered it';
COMMENT ON COLUMN lab_tests.assigned_to_id IS 'who works on it';
COMMENT ON COLUMN lab_tests.test_type IS 'name of the test or panel';
COMMENT ON COLUMN lab_tests.code_system IS 'URI of the code system';
COMMENT ON COLUMN lab_tests.code IS 'LOINC code of the test or panel where known';
COMMENT ON COLUMN lab_tests.urgency IS 'routine, urgent or stat';
COMMENT ON COLUMN lab_tests.status IS 'domain 5.6; moves by its machine';
COMMENT ON COLUMN lab_tests.requested_at IS 'ordered; for imported tests the instant of the specimen';
COMMENT ON COLUMN lab_tests.accepted_at IS 'instant the laboratory took it';
COMMENT ON COLUMN lab_tests.in_progress_at IS 'instant work began';
COMMENT ON COLUMN lab_tests.completed_at IS 'verified';
COMMENT ON COLUMN lab_tests.released_at IS 'shown to the patient from then on';
COMMENT ON COLUMN lab_tests.cancelled_at IS 'instant of cancelling';
COMMENT ON COLUMN lab_tests.cancellation_reason IS 'why it was cancelled';
COMMENT ON COLUMN lab_tests.result_summary IS 'the outcome in a line';
COMMENT ON COLUMN lab_tests.result_file_url IS 'object key hospital/lab/uuid.pdf, never an address';
COMMENT ON COLUMN lab_tests.notes IS 'remarks in words';
COMMENT ON COLUMN lab_tests.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN lab_tests.created_at IS 'instant the row was written';
COMMENT ON COLUMN lab_tests.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE nurse_logs (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  nurse_id UUID,
  log_type VARCHAR(32) NOT NULL CONSTRAINT nurse_logs_log_type_check CHECK (log_type IN ('observation', 'care_activity', 'incident', 'note', 'handoff')),
  content TEXT NOT NULL,
  logged_at TIMESTAMP WITH TIME ZONE NOT NULL,
  status VARCHAR(32) DEFAULT 'final' NOT NULL CONSTRAINT nurse_logs_status_check CHECK (status IN ('preliminary', 'final', 'amended', 'entered_in_error')),
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT nurse_logs_pkey PRIMARY KEY (id),
  CONSTRAINT nurse_logs_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT nurse_logs_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT nurse_logs_content_given_check CHECK (btrim(content) <> ''),
  CONSTRAINT nurse_logs_authored_complete_check CHECK (source IS NOT NULL OR (nurse_id IS NOT NULL)),
  CONSTRAINT nurse_logs_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT nurse_logs_nurse_id_fkey FOREIGN KEY(nurse_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX nurse_logs_hospital_id_patient_id_visit_id_idx ON nurse_logs (hospital_id, patient_id, visit_id);
CREATE INDEX nurse_logs_nurse_id_idx ON nurse_logs (nurse_id);
CREATE INDEX nurse_logs_patient_id_created_at_idx ON nurse_logs (patient_id, created_at);
CREATE INDEX nurse_logs_visit_id_idx ON nurse_logs (visit_id, logged_at DESC);
COMMENT ON COLUMN nurse_logs.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN nurse_logs.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN nurse_logs.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN nurse_logs.visit_id IS 'the visit it belongs to';
COMMENT ON COLUMN nurse_logs.nurse_id IS 'who wrote it';
COMMENT ON COLUMN nurse_logs.log_type IS 'kind of entry';
COMMENT ON COLUMN nurse_logs.content IS 'what was seen or done, in words';
COMMENT ON COLUMN nurse_logs.logged_at IS 'instant the entry is about';
COMMENT ON COLUMN nurse_logs.status IS 'FHIR docStatus';
COMMENT ON COLUMN nurse_logs.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN nurse_logs.created_at IS 'instant the row was written';
COMMENT ON COLUMN nurse_logs.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE prescriptions (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID,
  prescribed_by_id UUID,
  medication_name TEXT NOT NULL,
  code_system TEXT,
  medication_code TEXT,
  dosage TEXT,
  frequency TEXT,
  route TEXT,
  dose_value NUMERIC(12, 4),
  dose_unit TEXT,
  as_needed BOOLEAN DEFAULT false NOT NULL,
  as_needed_reason TEXT,
  max_per_24h NUMERIC(12, 4),
  quantity NUMERIC(12, 3),
  refills SMALLINT,
  indication TEXT,
  duration_days SMALLINT,
  start_date DATE,
  end_date DATE,
  status VARCHAR(32) DEFAULT 'draft' NOT NULL CONSTRAINT prescriptions_status_check CHECK (status IN ('draft', 'active', 'on_hold', 'completed', 'discontinued', 'cancelled', 'entered_in_error')),
  signed_at TIMESTAMP WITH TIME ZONE,
  signed_by_id UUID,
  stop_reason TEXT,
  instructions TEXT,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT prescriptions_pkey PRIMARY KEY (id),
  CONSTRAINT prescriptions_hospital_id_patient_id_fkey FOREIGN KEY(hospital_id, patient_id) REFERENCES patients (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT prescriptions_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT prescriptions_hospital_id_id_key UNIQUE (hospital_id, id),
  CONSTRAINT prescriptions_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  CONSTRAINT prescriptions_medication_name_given_check CHECK (btrim(medication_name) <> ''),
  CONSTRAINT prescriptions_end_after_start_check CHECK (end_date >= start_date),
  CONSTRAINT prescriptions_duration_days_range_check CHECK (duration_days BETWEEN 1 AND 3650),
  CONSTRAINT prescriptions_dose_value_range_check CHECK (dose_value > 0 AND dose_value < 'NaN'),
  CONSTRAINT prescriptions_dose_pair_check CHECK ((dose_value IS NULL) = (dose_unit IS NULL)),
  CONSTRAINT prescriptions_max_per_24h_range_check CHECK (max_per_24h > 0 AND max_per_24h < 'NaN'),
  CONSTRAINT prescriptions_quantity_range_check CHECK (quantity > 0 AND quantity < 'NaN' AND refills >= 0),
  CONSTRAINT prescriptions_as_needed_has_maximum_check CHECK (source IS NOT NULL OR status = 'draft' OR NOT as_needed OR max_per_24h IS NOT NULL),
  CONSTRAINT prescriptions_signed_pair_check CHECK ((signed_at IS NULL) = (signed_by_id IS NULL)),
  CONSTRAINT prescriptions_active_is_signed_check CHECK (source IS NOT NULL OR status IN ('draft', 'cancelled', 'entered_in_error') OR signed_at IS NOT NULL),
  CONSTRAINT prescriptions_discontinued_has_reason_check CHECK (source IS NOT NULL OR status <> 'discontinued' OR stop_reason IS NOT NULL),
  CONSTRAINT prescriptions_authored_complete_check CHECK (source IS NOT NULL OR (visit_id IS NOT NULL AND prescribed_by_id IS NOT NULL AND dosage IS NOT NULL AND frequency IS NOT NULL AND route IS NOT NULL)),
  CONSTRAINT prescriptions_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT prescriptions_prescribed_by_id_fkey FOREIGN KEY(prescribed_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT prescriptions_signed_by_id_fkey FOREIGN KEY(signed_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX prescriptions_hospital_id_patient_id_visit_id_idx ON prescriptions (hospital_id, patient_id, visit_id);
CREATE INDEX prescriptions_hospital_id_status_created_at_idx ON prescriptions (hospital_id, status, created_at);
CREATE INDEX prescriptions_patient_id_created_at_idx ON prescriptions (patient_id, created_at);
CREATE INDEX prescriptions_patient_id_idx ON prescriptions (patient_id, start_date DESC, id DESC);
CREATE INDEX prescriptions_prescribed_by_id_idx ON prescriptions (prescribed_by_id);
CREATE INDEX prescriptions_signed_by_id_idx ON prescriptions (signed_by_id);
CREATE INDEX prescriptions_status_created_at_idx ON prescriptions (status, created_at);
CREATE INDEX prescriptions_visit_id_status_idx ON prescriptions (visit_id, status);
COMMENT ON COLUMN prescriptions.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN prescriptions.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN prescriptions.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN prescriptions.visit_id IS 'NULL only on imported rows';
COMMENT ON COLUMN prescriptions.prescribed_by_id IS 'who prescribed it';
COMMENT ON COLUMN prescriptions.medication_name IS 'drug as prescribed';
COMMENT ON COLUMN prescriptions.code_system IS 'URI of the code system, such as RxNorm';
COMMENT ON COLUMN prescriptions.medication_code IS 'code of the drug in code_system';
COMMENT ON COLUMN prescriptions.dosage IS 'as prescribed, such as 10 mg';
COMMENT ON COLUMN prescriptions.frequency IS 'as prescribed, such as once daily';
COMMENT ON COLUMN prescriptions.route IS 'as prescribed, such as oral';
COMMENT ON COLUMN prescriptions.dose_value IS 'in dose_unit';
COMMENT ON COLUMN prescriptions.dose_unit IS 'UCUM or countable form';
COMMENT ON COLUMN prescriptions.as_needed IS 'PRN';
COMMENT ON COLUMN prescriptions.as_needed_reason IS 'when to take it, if as needed';
COMMENT ON COLUMN prescriptions.max_per_24h IS 'most doses in 24 hours, a count';
COMMENT ON COLUMN prescriptions.quantity IS 'to dispense, in the smallest unit';
COMMENT ON COLUMN prescriptions.refills IS 'times it may be dispensed again, a count';
COMMENT ON COLUMN prescriptions.indication IS 'what it is for';
COMMENT ON COLUMN prescriptions.duration_days IS 'days';
COMMENT ON COLUMN prescriptions.start_date IS 'first day, in the hospital''s time zone';
COMMENT ON COLUMN prescriptions.end_date IS 'last day, in the hospital''s time zone';
COMMENT ON COLUMN prescriptions.status IS 'domain 5.7; moves by its machine';
COMMENT ON COLUMN prescriptions.signed_at IS 'instant of the signature';
COMMENT ON COLUMN prescriptions.signed_by_id IS 'who signed';
COMMENT ON COLUMN prescriptions.stop_reason IS 'why it was discontinued or cancelled';
COMMENT ON COLUMN prescriptions.instructions IS 'what the patient is told';
COMMENT ON COLUMN prescriptions.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN prescriptions.created_at IS 'instant the row was written';
COMMENT ON COLUMN prescriptions.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE vitals (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  recorded_by_id UUID,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  temperature NUMERIC(4, 1),
  heart_rate SMALLINT,
  blood_pressure_systolic SMALLINT,
  blood_pressure_diastolic SMALLINT,
  respiratory_rate SMALLINT,
  spo2 SMALLINT,
  supplemental_oxygen BOOLEAN,
  oxygen_flow_lpm NUMERIC(4, 1),
  fio2_percent SMALLINT,
  consciousness VARCHAR(32) CONSTRAINT vitals_consciousness_check CHECK (consciousness IN ('A', 'C', 'V', 'P', 'U')),
  pain SMALLINT,
  weight NUMERIC(6, 3),
  height NUMERIC(5, 2),
  bmi NUMERIC(5, 2) GENERATED ALWAYS AS (CASE WHEN weight / ((NULLIF(height, 0::numeric) / 100::numeric) * (NULLIF(height, 0::numeric) / 100::numeric)) >= 2::numeric AND weight / ((NULLIF(height, 0::numeric) / 100::numeric) * (NULLIF(height, 0::numeric) / 100::numeric)) <= 250::numeric THEN round(weight / ((NULLIF(height, 0::numeric) / 100::numeric) * (NULLIF(height, 0::numeric) / 100::numeric)), 2) ELSE NULL::numeric END) STORED,
  spo2_scale SMALLINT,
  is_abnormal BOOLEAN DEFAULT false NOT NULL,
  status VARCHAR(32) DEFAULT 'final' NOT NULL CONSTRAINT vitals_status_check CHECK (status IN ('final', 'amended', 'entered_in_error')),
  amends_id UUID,
  notes TEXT,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT vitals_pkey PRIMARY KEY (id),
  CONSTRAINT vitals_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT vitals_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  CONSTRAINT vitals_hospital_id_patient_id_amends_id_fkey FOREIGN KEY(hospital_id, patient_id, amends_id) REFERENCES vitals (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT vitals_amends_id_key UNIQUE (amends_id),
  CONSTRAINT vitals_amends_other_check CHECK (amends_id <> id),
  CONSTRAINT vitals_temperature_range_check CHECK (temperature BETWEEN 20 AND 45),
  CONSTRAINT vitals_heart_rate_range_check CHECK (heart_rate BETWEEN 0 AND 350),
  CONSTRAINT vitals_blood_pressure_systolic_range_check CHECK (blood_pressure_systolic BETWEEN 0 AND 350),
  CONSTRAINT vitals_blood_pressure_diastolic_range_check CHECK (blood_pressure_diastolic BETWEEN 0 AND 250),
  CONSTRAINT vitals_respiratory_rate_range_check CHECK (respiratory_rate BETWEEN 0 AND 100),
  CONSTRAINT vitals_spo2_range_check CHECK (spo2 BETWEEN 0 AND 100),
  CONSTRAINT vitals_weight_range_check CHECK (weight BETWEEN 0.2 AND 700),
  CONSTRAINT vitals_height_range_check CHECK (height BETWEEN 20 AND 280),
  CONSTRAINT vitals_oxygen_flow_lpm_range_check CHECK (oxygen_flow_lpm BETWEEN 0 AND 80),
  CONSTRAINT vitals_fio2_percent_range_check CHECK (fio2_percent BETWEEN 21 AND 100),
  CONSTRAINT vitals_pain_range_check CHECK (pain BETWEEN 0 AND 10),
  CONSTRAINT vitals_blood_pressure_both_check CHECK ((blood_pressure_systolic IS NULL) = (blood_pressure_diastolic IS NULL)),
  CONSTRAINT vitals_blood_pressure_order_check CHECK (blood_pressure_diastolic < blood_pressure_systolic),
  CONSTRAINT vitals_spo2_scale_check CHECK (spo2_scale IN (1, 2)),
  CONSTRAINT vitals_something_measured_check CHECK (num_nonnulls(temperature, heart_rate, blood_pressure_systolic, respiratory_rate, spo2, weight, height, consciousness, supplemental_oxygen, oxygen_flow_lpm, fio2_percent, pain) >= 1),
  CONSTRAINT vitals_oxygen_flow_on_oxygen_check CHECK (supplemental_oxygen IS NOT FALSE OR COALESCE(oxygen_flow_lpm, 0) = 0),
  CONSTRAINT vitals_authored_complete_check CHECK (source IS NOT NULL OR (recorded_by_id IS NOT NULL)),
  CONSTRAINT vitals_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT vitals_recorded_by_id_fkey FOREIGN KEY(recorded_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX vitals_hospital_id_patient_id_amends_id_idx ON vitals (hospital_id, patient_id, amends_id) WHERE amends_id IS NOT NULL;
CREATE INDEX vitals_hospital_id_patient_id_visit_id_idx ON vitals (hospital_id, patient_id, visit_id);
CREATE INDEX vitals_patient_id_idx ON vitals (patient_id, recorded_at DESC, id DESC);
CREATE INDEX vitals_recorded_by_id_idx ON vitals (recorded_by_id);
CREATE INDEX vitals_visit_id_idx ON vitals (visit_id, recorded_at DESC);
COMMENT ON COLUMN vitals.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN vitals.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN vitals.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN vitals.visit_id IS 'the visit it belongs to';
COMMENT ON COLUMN vitals.recorded_by_id IS 'who recorded it';
COMMENT ON COLUMN vitals.recorded_at IS 'instant of measurement';
COMMENT ON COLUMN vitals.temperature IS 'degrees Celsius';
COMMENT ON COLUMN vitals.heart_rate IS 'beats per minute; 0 is a value';
COMMENT ON COLUMN vitals.blood_pressure_systolic IS 'mmHg';
COMMENT ON COLUMN vitals.blood_pressure_diastolic IS 'mmHg';
COMMENT ON COLUMN vitals.respiratory_rate IS 'breaths per minute';
COMMENT ON COLUMN vitals.spo2 IS 'oxygen saturation by pulse oximetry, %';
COMMENT ON COLUMN vitals.supplemental_oxygen IS 'true = on oxygen, false = on air';
COMMENT ON COLUMN vitals.oxygen_flow_lpm IS 'oxygen flow, L/min';
COMMENT ON COLUMN vitals.fio2_percent IS 'inspired oxygen concentration, %';
COMMENT ON COLUMN vitals.consciousness IS 'ACVPU';
COMMENT ON COLUMN vitals.pain IS '0 to 10, verbal numeric rating';
COMMENT ON COLUMN vitals.weight IS 'kg';
COMMENT ON COLUMN vitals.height IS 'cm';
COMMENT ON COLUMN vitals.bmi IS 'kg/m2 from this set''s weight and height; NULL outside 2 to 250';
COMMENT ON COLUMN vitals.spo2_scale IS 'NEWS2 SpO2 scale used, 1 or 2';
COMMENT ON COLUMN vitals.is_abnormal IS 'computed by the server (domain 5.5), never sent';
COMMENT ON COLUMN vitals.status IS 'final, amended or entered_in_error';
COMMENT ON COLUMN vitals.amends_id IS 'the set this one corrects';
COMMENT ON COLUMN vitals.notes IS 'remarks in words';
COMMENT ON COLUMN vitals.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN vitals.created_at IS 'instant the row was written';
COMMENT ON COLUMN vitals.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE bed_assignments (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  bed_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  assigned_at TIMESTAMP WITH TIME ZONE NOT NULL,
  released_at TIMESTAMP WITH TIME ZONE,
  assigned_by_id UUID,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT bed_assignments_pkey PRIMARY KEY (id),
  CONSTRAINT bed_assignments_hospital_id_bed_id_fkey FOREIGN KEY(hospital_id, bed_id) REFERENCES beds (hospital_id, id) ON DELETE RESTRICT,
  CONSTRAINT bed_assignments_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT bed_assignments_released_after_assigned_check CHECK (released_at >= assigned_at),
  CONSTRAINT bed_assignments_bed_overlap_excl EXCLUDE USING gist (bed_id WITH =, tstzrange(assigned_at, released_at) WITH &&),
  CONSTRAINT bed_assignments_visit_overlap_excl EXCLUDE USING gist (visit_id WITH =, tstzrange(assigned_at, released_at) WITH &&),
  CONSTRAINT bed_assignments_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT bed_assignments_assigned_by_id_fkey FOREIGN KEY(assigned_by_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX bed_assignments_assigned_by_id_idx ON bed_assignments (assigned_by_id);
CREATE INDEX bed_assignments_hospital_id_bed_id_idx ON bed_assignments (hospital_id, bed_id);
CREATE INDEX bed_assignments_hospital_id_patient_id_visit_id_idx ON bed_assignments (hospital_id, patient_id, visit_id);
CREATE INDEX bed_assignments_open_idx ON bed_assignments (hospital_id, bed_id) WHERE released_at IS NULL;
COMMENT ON COLUMN bed_assignments.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN bed_assignments.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN bed_assignments.bed_id IS 'the bed';
COMMENT ON COLUMN bed_assignments.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN bed_assignments.visit_id IS 'the visit the patient lay there for';
COMMENT ON COLUMN bed_assignments.assigned_at IS 'instant the stay began';
COMMENT ON COLUMN bed_assignments.released_at IS 'instant the stay ended; NULL = still there';
COMMENT ON COLUMN bed_assignments.assigned_by_id IS 'who put the patient there';
COMMENT ON COLUMN bed_assignments.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN bed_assignments.created_at IS 'instant the row was written';
COMMENT ON COLUMN bed_assignments.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE emr_global (
  id UUID NOT NULL,
  person_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  visit_id UUID NOT NULL,
  source_hospital_id UUID NOT NULL,
  source_record_id UUID NOT NULL,
  record_type TEXT NOT NULL,
  data JSONB DEFAULT '{}' NOT NULL,
  version SMALLINT DEFAULT 1 NOT NULL,
  content_hash TEXT NOT NULL,
  confidentiality VARCHAR(32) DEFAULT 'N' NOT NULL CONSTRAINT emr_global_confidentiality_check CHECK (confidentiality IN ('N', 'R', 'V')),
  status VARCHAR(32) DEFAULT 'pending' NOT NULL CONSTRAINT emr_global_status_check CHECK (status IN ('pending', 'synced', 'failed', 'withdrawn', 'superseded')),
  synced_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT emr_global_pkey PRIMARY KEY (id),
  CONSTRAINT emr_global_source_hospital_id_patient_id_person_id_fkey FOREIGN KEY(source_hospital_id, patient_id, person_id) REFERENCES patients (hospital_id, id, person_id) ON DELETE RESTRICT ON UPDATE CASCADE DEFERRABLE INITIALLY IMMEDIATE,
  CONSTRAINT emr_global_source_hospital_id_patient_id_visit_id_fkey FOREIGN KEY(source_hospital_id, patient_id, visit_id) REFERENCES visits (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT emr_global_source_hospital_id_patient_id_source_record_id_fkey FOREIGN KEY(source_hospital_id, patient_id, source_record_id) REFERENCES emr_local (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT emr_global_source_hospital_id_source_record_id_version_key UNIQUE (source_hospital_id, source_record_id, version),
  CONSTRAINT emr_global_record_type_given_check CHECK (btrim(record_type) <> ''),
  CONSTRAINT emr_global_data_object_check CHECK (jsonb_typeof(data) = 'object'),
  CONSTRAINT emr_global_version_range_check CHECK (version >= 1),
  CONSTRAINT emr_global_synced_pair_check CHECK (status <> 'synced' OR synced_at IS NOT NULL),
  CONSTRAINT emr_global_person_id_fkey FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE RESTRICT,
  CONSTRAINT emr_global_source_hospital_id_fkey FOREIGN KEY(source_hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT
);

CREATE INDEX emr_global_data_idx ON emr_global USING gin (data jsonb_path_ops);
CREATE INDEX emr_global_person_id_record_type_idx ON emr_global (person_id, record_type, created_at DESC);
CREATE INDEX emr_global_source_hospital_id_patient_id_person_id_idx ON emr_global (source_hospital_id, patient_id, person_id);
CREATE INDEX emr_global_source_hospital_id_patient_id_source_record_id_idx ON emr_global (source_hospital_id, patient_id, source_record_id);
CREATE INDEX emr_global_source_hospital_id_patient_id_visit_id_idx ON emr_global (source_hospital_id, patient_id, visit_id);
CREATE INDEX emr_global_status_created_at_idx ON emr_global (status, created_at) WHERE status IN ('pending', 'failed');
COMMENT ON COLUMN emr_global.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN emr_global.person_id IS 'key by which another hospital reads';
COMMENT ON COLUMN emr_global.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN emr_global.visit_id IS 'the visit it came from';
COMMENT ON COLUMN emr_global.source_hospital_id IS 'the hospital that published it';
COMMENT ON COLUMN emr_global.source_record_id IS 'the emr_local row published';
COMMENT ON COLUMN emr_global.record_type IS 'FHIR resource type, or the kind of note';
COMMENT ON COLUMN emr_global.data IS 'the record, by its type';
COMMENT ON COLUMN emr_global.version IS '1 for the first, one more for each amendment';
COMMENT ON COLUMN emr_global.content_hash IS 'SHA-256 of the canonical data, hex';
COMMENT ON COLUMN emr_global.confidentiality IS 'v3-Confidentiality';
COMMENT ON COLUMN emr_global.status IS 'state of the publication';
COMMENT ON COLUMN emr_global.synced_at IS 'instant other hospitals could read it';
COMMENT ON COLUMN emr_global.created_at IS 'instant the row was written';
COMMENT ON COLUMN emr_global.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE lab_results (
  id UUID NOT NULL,
  hospital_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  lab_test_id UUID NOT NULL,
  rank SMALLINT NOT NULL,
  name TEXT NOT NULL,
  code_system TEXT,
  code TEXT,
  value_numeric NUMERIC,
  comparator VARCHAR(32) CONSTRAINT lab_results_comparator_check CHECK (comparator IN ('<', '<=', '>=', '>')),
  value_text TEXT,
  value_code TEXT,
  unit TEXT,
  reference_low NUMERIC,
  reference_high NUMERIC,
  reference_text TEXT,
  interpretation VARCHAR(32) CONSTRAINT lab_results_interpretation_check CHECK (interpretation IN ('N', 'L', 'H', 'LL', 'HH', 'A', 'AA')),
  status VARCHAR(32) DEFAULT 'preliminary' NOT NULL CONSTRAINT lab_results_status_check CHECK (status IN ('preliminary', 'final', 'corrected', 'entered_in_error')),
  observed_at TIMESTAMP WITH TIME ZONE,
  resulted_by_id UUID,
  verified_by_id UUID,
  corrects_id UUID,
  note TEXT,
  source TEXT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT lab_results_pkey PRIMARY KEY (id),
  CONSTRAINT lab_results_hospital_id_patient_id_lab_test_id_fkey FOREIGN KEY(hospital_id, patient_id, lab_test_id) REFERENCES lab_tests (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT lab_results_hospital_id_patient_id_id_key UNIQUE (hospital_id, patient_id, id),
  CONSTRAINT lab_results_hospital_id_patient_id_corrects_id_fkey FOREIGN KEY(hospital_id, patient_id, corrects_id) REFERENCES lab_results (hospital_id, patient_id, id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT lab_results_corrects_id_key UNIQUE (corrects_id),
  CONSTRAINT lab_results_corrects_other_check CHECK (corrects_id <> id),
  CONSTRAINT lab_results_name_given_check CHECK (btrim(name) <> ''),
  CONSTRAINT lab_results_value_given_check CHECK (num_nonnulls(value_numeric, value_text) >= 1),
  CONSTRAINT lab_results_numbers_finite_check CHECK (value_numeric > '-Infinity' AND value_numeric < 'Infinity' AND reference_low > '-Infinity' AND reference_low < 'Infinity' AND reference_high > '-Infinity' AND reference_high < 'Infinity'),
  CONSTRAINT lab_results_reference_order_check CHECK (reference_low <= reference_high),
  CONSTRAINT lab_results_comparator_of_number_check CHECK (comparator IS NULL OR value_numeric IS NOT NULL),
  CONSTRAINT lab_results_rank_range_check CHECK (rank >= 1),
  CONSTRAINT lab_results_hospital_id_fkey FOREIGN KEY(hospital_id) REFERENCES hospitals (id) ON DELETE RESTRICT,
  CONSTRAINT lab_results_resulted_by_id_fkey FOREIGN KEY(resulted_by_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT lab_results_verified_by_id_fkey FOREIGN KEY(verified_by_id) REFERENCES users (id) ON DELETE RESTRICT
);

CREATE INDEX lab_results_hospital_id_patient_id_corrects_id_idx ON lab_results (hospital_id, patient_id, corrects_id) WHERE corrects_id IS NOT NULL;
CREATE INDEX lab_results_hospital_id_patient_id_lab_test_id_idx ON lab_results (hospital_id, patient_id, lab_test_id);
CREATE INDEX lab_results_lab_test_id_rank_idx ON lab_results (lab_test_id, rank);
CREATE INDEX lab_results_patient_id_code_idx ON lab_results (patient_id, code, observed_at DESC);
CREATE INDEX lab_results_resulted_by_id_idx ON lab_results (resulted_by_id);
CREATE INDEX lab_results_verified_by_id_idx ON lab_results (verified_by_id);
COMMENT ON COLUMN lab_results.id IS 'UUID version 7, made by the application';
COMMENT ON COLUMN lab_results.hospital_id IS 'tenant: the hospital of the row';
COMMENT ON COLUMN lab_results.patient_id IS 'the patient''s file at this hospital';
COMMENT ON COLUMN lab_results.lab_test_id IS 'the test it answers';
COMMENT ON COLUMN lab_results.rank IS 'place in the report, from 1';
COMMENT ON COLUMN lab_results.name IS 'analyte';
COMMENT ON COLUMN lab_results.code_system IS 'URI of the code system';
COMMENT ON COLUMN lab_results.code IS 'LOINC where known';
COMMENT ON COLUMN lab_results.value_numeric IS 'in unit';
COMMENT ON COLUMN lab_results.comparator IS 'the number is a bound: < <= >= >';
COMMENT ON COLUMN lab_results.value_text IS 'coded or worded value, as it is read';
COMMENT ON COLUMN lab_results.value_code IS 'code of a coded value';
COMMENT ON COLUMN lab_results.unit IS 'UCUM';
COMMENT ON COLUMN lab_results.reference_low IS 'in unit, inside the interval';
COMMENT ON COLUMN lab_results.reference_high IS 'in unit, inside the interval';
COMMENT ON COLUMN lab_results.reference_text IS 'reference in words, where there is no interval';
COMMENT ON COLUMN lab_results.interpretation IS 'HL7 v3 ObservationInterpretation; NULL = no flag known';
COMMENT ON COLUMN lab_results.status IS 'preliminary, final, corrected';
COMMENT ON COLUMN lab_results.observed_at IS 'clinically relevant instant';
COMMENT ON COLUMN lab_results.resulted_by_id IS 'who entered it';
COMMENT ON COLUMN lab_results.verified_by_id IS 'who verified it';
COMMENT ON COLUMN lab_results.corrects_id IS 'the result this one corrects';
COMMENT ON COLUMN lab_results.note IS 'remarks in words';
COMMENT ON COLUMN lab_results.source IS 'URI of the system the row was imported from; NULL = authored here';
COMMENT ON COLUMN lab_results.created_at IS 'instant the row was written';
COMMENT ON COLUMN lab_results.updated_at IS 'instant of the last change, moved by trigger';

CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;
ALTER TABLE audit_logs_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_logs_default FORCE ROW LEVEL SECURITY;
SELECT audit_partitions_ahead(13);
