CREATE TRIGGER bed_cleanings_append_only BEFORE UPDATE OR DELETE ON bed_cleanings FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bed_cleanings_no_truncate BEFORE TRUNCATE ON bed_cleanings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bed_cleanings_audit_new AFTER INSERT ON bed_cleanings REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_new_rows();
CREATE TRIGGER bed_cleanings_audit AFTER UPDATE OR DELETE ON bed_cleanings FOR EACH ROW EXECUTE FUNCTION audit_row_change();
ALTER TABLE bed_cleanings ENABLE ALWAYS TRIGGER bed_cleanings_append_only;
ALTER TABLE bed_cleanings ENABLE ALWAYS TRIGGER bed_cleanings_no_truncate;
ALTER TABLE bed_cleanings ENABLE ALWAYS TRIGGER bed_cleanings_audit_new;
ALTER TABLE bed_cleanings ENABLE ALWAYS TRIGGER bed_cleanings_audit;
