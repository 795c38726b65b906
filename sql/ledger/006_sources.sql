-- Fetches of sources that batch runs wait for (schedule.recalculate.wait_for_sources). docs/sources.md.

-- A file that a source's fetch put into the inbox; written before the first of its fetch can be seen there.
CREATE TABLE penstock.fetched_file (
  source text NOT NULL,
  name text NOT NULL,
  fetch_time text NOT NULL,          -- '20260301T120000Z'
  fetched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  published_at timestamptz,          -- when it left the inbox; null: it is there
  PRIMARY KEY (source, name)
);

-- What it was published as: several publications for an archive, none where it was refused.
CREATE TABLE penstock.fetched_publication (
  source text NOT NULL,
  name text NOT NULL,
  dataset text NOT NULL,
  file_id bigint NOT NULL,
  chunks bigint NOT NULL,
  PRIMARY KEY (source, name, dataset, file_id),
  FOREIGN KEY (source, name) REFERENCES penstock.fetched_file ON DELETE CASCADE
);

-- Whether nothing more will come of a publication: it is loaded, but for dead letters, or was taken out.
CREATE FUNCTION penstock.publication_done(of_dataset text, of_file_id bigint, of_chunks bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT EXISTS (SELECT FROM penstock.file f
                 WHERE f.dataset = of_dataset AND f.file_id = of_file_id AND f.state <> 'loading')
    OR (SELECT count(*) FROM penstock.chunk c WHERE c.dataset = of_dataset AND c.file_id = of_file_id)
     + (SELECT count(DISTINCT d.chunk) FROM penstock.dead_letter d
        WHERE d.dataset = of_dataset AND d.file_id = of_file_id AND d.replayed_at IS NULL
          AND NOT EXISTS (SELECT FROM penstock.chunk c
                          WHERE c.dataset = of_dataset AND c.file_id = of_file_id AND c.chunk = d.chunk)) >= of_chunks
$$;

CREATE VIEW penstock.fetched_file_status AS
SELECT f.source, f.name, f.fetch_time, f.fetched_at, f.published_at,
  f.published_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM penstock.fetched_publication p
    WHERE p.source = f.source AND p.name = f.name
      AND NOT penstock.publication_done(p.dataset, p.file_id, p.chunks)) AS loaded
FROM penstock.fetched_file f;

-- The sources of which a part may be in the tables and another not: whoever sees this state waits.
CREATE VIEW penstock.source_loading AS
SELECT source, count(*) AS files, count(*) FILTER (WHERE published_at IS NULL) AS in_inbox,
  min(fetched_at) AS since
FROM penstock.fetched_file_status WHERE NOT loaded GROUP BY source;

-- Held by a scheduler whose run waits for what was fetched, so that nothing further comes in before it.
CREATE FUNCTION penstock.sources_lock() RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended('penstock.sources', 0);

-- Notes a fetch whose files are about to be seen in the inbox, and forgets what is done of the ones before it.
-- False, and nothing is noted, when a run waits and the fetch can.
CREATE FUNCTION penstock.note_fetch(of_source text, of_time text, names text[], can_wait boolean) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF can_wait AND NOT pg_try_advisory_xact_lock_shared(penstock.sources_lock()) THEN
    RETURN false;
  END IF;
  DELETE FROM penstock.fetched_file f USING penstock.fetched_file_status s
  WHERE f.source = of_source AND f.fetch_time <> of_time AND s.source = f.source AND s.name = f.name AND s.loaded;
  INSERT INTO penstock.fetched_file (source, name, fetch_time)
  SELECT of_source, n, of_time FROM unnest(names) n
  -- A version of a bucket's object that comes back has the name it had.
  ON CONFLICT (source, name) DO UPDATE SET fetch_time = of_time, fetched_at = clock_timestamp(), published_at = NULL
  WHERE fetched_file.fetch_time <> of_time;
  RETURN true;
END $$;

-- Notes what a fetched file was published as, before it leaves the inbox.
CREATE FUNCTION penstock.note_fetched_file(of_source text, of_name text, datasets text[], file_ids bigint[], chunks bigint[])
RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
  INSERT INTO penstock.fetched_publication (source, name, dataset, file_id, chunks)
  SELECT f.source, f.name, p.dataset, p.file_id, p.chunks
  FROM penstock.fetched_file f, unnest(datasets, file_ids, chunks) p (dataset, file_id, chunks)
  WHERE f.source = of_source AND f.name = of_name ON CONFLICT DO NOTHING;
  UPDATE penstock.fetched_file SET published_at = clock_timestamp()
  WHERE source = of_source AND name = of_name AND published_at IS NULL
$$;
