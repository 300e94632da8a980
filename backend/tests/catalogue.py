"""What a database's catalogue says of itself, as sorted lists that two databases can be compared by."""

from typing import Any

import psycopg

# Tables of the product; the partitions of the audit trail come and go with the months.
OURS = "c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname <> 'alembic_version'"

COLUMNS = f"""
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
       pg_get_expr(d.adbin, d.adrelid), co.collname, col_description(c.oid, a.attnum)
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN pg_collation co ON co.oid = a.attcollation
 WHERE c.relkind IN ('r', 'p') AND {OURS} ORDER BY 1, a.attname"""

# NOT NULL is a named constraint from PostgreSQL 18 on; the columns above say it on every version.
CONSTRAINTS = f"""
SELECT c.relname, k.conname, k.contype::text, pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
 WHERE k.contype IN ('c', 'u', 'p', 'f', 'x') AND {OURS} ORDER BY 1, 2"""

INDEXES = f"""
SELECT c.relname, i.relname, pg_get_indexdef(i.oid), x.indisunique, x.indisvalid
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
 WHERE {OURS} ORDER BY 1, 2"""

POLICIES = """
SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies
 WHERE schemaname = 'public' ORDER BY 1, 2"""

ROW_SECURITY = f"""
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole::text FROM pg_class c
 WHERE c.relkind IN ('r', 'p') AND {OURS} ORDER BY 1"""

TABLE_GRANTS = f"""
SELECT c.relname, g.grantee::regrole::text, g.privilege_type
  FROM pg_class c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
 WHERE c.relkind IN ('r', 'p') AND {OURS} AND g.grantee <> c.relowner ORDER BY 1, 2, 3"""

COLUMN_GRANTS = f"""
SELECT c.relname, a.attname, g.grantee::regrole::text, g.privilege_type
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) g
 WHERE {OURS} ORDER BY 1, 2, 3, 4"""

TRIGGERS = f"""
SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE NOT t.tgisinternal AND {OURS} ORDER BY 1, 2"""

FUNCTIONS = """
SELECT p.oid::regprocedure::text, p.proowner::regrole::text, p.prosecdef, p.proconfig,
       coalesce(array_agg(CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
                          ORDER BY g.grantee) FILTER (WHERE g.grantee <> p.proowner), '{}')
  FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
 WHERE p.pronamespace = 'public'::regnamespace AND p.proowner IN ('hass_owner'::regrole, 'hass_definer'::regrole)
 GROUP BY p.oid ORDER BY 1"""

Row = tuple[Any, ...]


def rows(connection: psycopg.Connection[Any], query: str) -> list[Row]:
    return connection.execute(query).fetchall()


def rules(connection: psycopg.Connection[Any]) -> list[Row]:
    """Every rule with a name: (table, name, kind), kinds c, u, p, f, x, i (unique index) and t (trigger)."""
    named = [(table, name, kind) for table, name, kind, *_ in rows(connection, CONSTRAINTS)]
    held = {name for _, name, _ in named}
    named += [
        (table, name, "i")
        for table, name, _, unique, _ in rows(connection, INDEXES)
        if unique and name not in held
    ]
    return named + [(table, name, "t") for table, name, *_ in rows(connection, TRIGGERS)]
