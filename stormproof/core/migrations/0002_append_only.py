"""Facts and their seals are append-only, and each new fact joins the list of those to be sealed."""

from django.db import migrations

SQL = """
CREATE TABLE core_unsealed_fact (fact_id bigint PRIMARY KEY);

CREATE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION core_await_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO core_unsealed_fact (fact_id) VALUES (NEW.id);
  RETURN NULL;
END $$;

CREATE TRIGGER core_fact_append_only BEFORE UPDATE OR DELETE ON core_fact
  FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER core_fact_no_truncate BEFORE TRUNCATE ON core_fact
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER core_fact_await_seal AFTER INSERT ON core_fact
  FOR EACH ROW EXECUTE FUNCTION core_await_seal();
CREATE TRIGGER core_sealed_fact_append_only BEFORE UPDATE OR DELETE ON core_sealed_fact
  FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER core_sealed_fact_no_truncate BEFORE TRUNCATE ON core_sealed_fact
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
"""

REVERSE = """
DROP TRIGGER core_fact_append_only ON core_fact;
DROP TRIGGER core_fact_no_truncate ON core_fact;
DROP TRIGGER core_fact_await_seal ON core_fact;
DROP TRIGGER core_sealed_fact_append_only ON core_sealed_fact;
DROP TRIGGER core_sealed_fact_no_truncate ON core_sealed_fact;
DROP FUNCTION core_refuse_change();
DROP FUNCTION core_await_seal();
DROP TABLE core_unsealed_fact;
"""


class Migration(migrations.Migration):
    """Triggers on the facts."""

    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
