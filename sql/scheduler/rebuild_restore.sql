-- What else must be put back, as statements in their order: on which relation, for which column (null:
-- none; the statement is left out when the column is gone).
CREATE TEMP TABLE penstock_restore ON COMMIT DROP AS
SELECT r.oid, 1 AS place, NULL::name AS column_name,
  format('ALTER %s %I.%I OWNER TO %I', CASE c.relkind WHEN 'v' THEN 'VIEW'
    WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, r.schema, r.name, pg_get_userbyid(c.relowner)) AS statement
FROM penstock_rebuild r JOIN pg_class c ON c.oid = r.oid
WHERE c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT r.oid, 2, NULL, format('COMMENT ON %s %I.%I IS %L', CASE r.kind WHEN 'v' THEN 'VIEW'
    WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, r.schema, r.name, d.description)
FROM penstock_rebuild r JOIN pg_description d ON d.objoid = r.oid AND d.classoid = 'pg_class'::regclass
WHERE d.objsubid = 0
UNION ALL
SELECT r.oid, 3, a.attname, format('COMMENT ON COLUMN %I.%I.%I IS %L', r.schema, r.name, a.attname, d.description)
FROM penstock_rebuild r JOIN pg_description d ON d.objoid = r.oid AND d.classoid = 'pg_class'::regclass
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.objsubid
UNION ALL
SELECT r.oid, 4, NULL, pg_get_indexdef(i.indexrelid)
FROM penstock_rebuild r JOIN pg_index i ON i.indrelid = r.oid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = r.oid)
  -- The index on a materialized view's unique_key comes with the view.
  AND NOT (r.is_model AND r.kind = 'm' AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL)
UNION ALL
SELECT r.oid, 5, NULL, format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname,
  pg_get_constraintdef(k.oid))
FROM penstock_rebuild r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('u', 'c', 'x')
UNION ALL
SELECT r.oid, 6, NULL, format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname,
  pg_get_constraintdef(k.oid))
FROM penstock_rebuild r JOIN pg_constraint k ON r.oid IN (k.conrelid, k.confrelid) AND k.contype = 'f'
UNION ALL
SELECT r.oid, 7, NULL, pg_get_triggerdef(t.oid)
FROM penstock_rebuild r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
UNION ALL
SELECT r.oid, 8, NULL, format('GRANT %s ON %I.%I TO %s%s', g.privilege_type, r.schema, r.name,
  CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
  CASE WHEN g.is_grantable AND g.grantee <> 0 THEN ' WITH GRANT OPTION' ELSE '' END)
FROM penstock_rebuild r JOIN pg_class c ON c.oid = r.oid, aclexplode(c.relacl) g
WHERE g.grantee <> c.relowner
UNION ALL
SELECT r.oid, 9, a.attname, format('GRANT %s (%I) ON %I.%I TO %s%s', g.privilege_type, a.attname, r.schema, r.name,
  CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
  CASE WHEN g.is_grantable AND g.grantee <> 0 THEN ' WITH GRANT OPTION' ELSE '' END)
FROM penstock_rebuild r JOIN pg_attribute a ON a.attrelid = r.oid, aclexplode(a.attacl) g
