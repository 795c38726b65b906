INSERT INTO penstock.schema (dataset, version, fingerprint, text)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3 FROM penstock.schema WHERE dataset = $1
