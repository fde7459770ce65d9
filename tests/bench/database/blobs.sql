-- What no compressor makes smaller: :blobs rows of 24 KiB, and 400 large objects of :large_object_kib KiB each.

CREATE FUNCTION pg_temp.noise(seed text, kib integer) RETURNS bytea LANGUAGE sql AS $$
  SELECT string_agg(sha512(convert_to(seed || ' ' || i, 'UTF8')), ''::bytea ORDER BY i) FROM generate_series(1, kib * 16) i
$$;

BEGIN;
CREATE TABLE blobs (id integer NOT NULL, name text NOT NULL, content bytea NOT NULL);
ALTER TABLE blobs ALTER content SET STORAGE EXTERNAL;
INSERT INTO blobs SELECT n, 'picture ' || n || '.png', pg_temp.noise('blob ' || n, 24) FROM generate_series(1, :blobs) n;
COMMIT;

ALTER TABLE blobs ADD PRIMARY KEY (id);
SELECT count(lo_from_bytea(100000 + n, pg_temp.noise('large object ' || n, :large_object_kib))) FROM generate_series(1, 400) n;
