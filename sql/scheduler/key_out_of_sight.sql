-- Whether "=" would mean something else here than what a unique index of relation $1 goes by: the operator of an
-- extension's type (citext) may be in a schema where names are not looked for.
SELECT EXISTS (
  SELECT FROM pg_index i
  CROSS JOIN LATERAL unnest(i.indclass::oid[]) AS u (opclass)
  JOIN pg_opclass c ON c.oid = u.opclass
  JOIN pg_amop o ON o.amopfamily = c.opcfamily AND o.amopstrategy = 3
    AND o.amoplefttype = c.opcintype AND o.amoprighttype = c.opcintype
  WHERE i.indrelid = to_regclass($1) AND i.indisunique AND NOT pg_operator_is_visible(o.amopopr))
