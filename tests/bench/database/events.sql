-- Wide rows of text and jsonb, as an application's log of what happened: about 1,000 bytes each, of which zstd:1 leaves a
-- third. Everything follows from the row's number, so that each build is the same. :events is how many.

-- Text to cut messages from, larger than any compressor's window: two messages hardly ever share more than words.
CREATE FUNCTION pg_temp.make_prose(words integer) RETURNS bytea LANGUAGE sql AS $$
  WITH vocabulary AS (
    SELECT n, substr(translate(md5('word ' || n), '0123456789abcdef', 'etaoinshrdlucmpg'), 1, 3 + n % 7) AS word
      FROM generate_series(0, 2047) n
  )
  -- The square of an even share: few words are frequent, as in any language.
  SELECT convert_to(string_agg(word, ' ' ORDER BY i), 'UTF8')
    FROM generate_series(1, words) i
    JOIN vocabulary ON n = floor(2048 * power((hashint8(i) & 65535) / 65536.0, 2))
$$;

-- A variable and not a query: the text stays in memory, and cutting from it costs the length of the cut.
CREATE FUNCTION pg_temp.fill_events(rows bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE prose bytea := pg_temp.make_prose(2500000) || ''::bytea;
DECLARE reach integer := length(prose) - 1000;
BEGIN
  INSERT INTO events
  SELECT n,
         timestamptz '2024-01-01 00:00:00Z' + n * interval '13 seconds',
         1 + (hashint8extended(n, 1) & 262143),
         (ARRAY['order.created', 'order.paid', 'order.shipped', 'cart.changed', 'page.viewed', 'login.failed'])
           [1 + (hashint8extended(n, 2) & 65535) % 6],
         convert_from(substring(prose, 1 + ((hashint8extended(n, 3) & 2147483647) % reach)::integer,
                                380 + (hashint8extended(n, 4) & 127)::integer), 'UTF8'),
         jsonb_build_object(
           'request', md5(n::text),
           'address', '10.' || (hashint8extended(n, 5) & 255) || '.' || (hashint8extended(n, 6) & 255) || '.1',
           'duration_ms', hashint8extended(n, 7) & 4095,
           'total', ((hashint8extended(n, 8) & 1048575) / 100.0)::numeric(10, 2),
           'agent', convert_from(substring(prose, 1 + ((hashint8extended(n, 9) & 2147483647) % reach)::integer, 90), 'UTF8'),
           'note', convert_from(substring(prose, 1 + ((hashint8extended(n, 10) & 2147483647) % reach)::integer, 200), 'UTF8'),
           'flags', jsonb_build_array(n % 2 = 0, n % 3 = 0, n % 7))
    FROM generate_series(1, rows) n;
END
$$;

-- Table and rows in one transaction: with wal_level = minimal nothing of them goes into the log.
BEGIN;
CREATE TABLE events (
  id bigint NOT NULL,
  happened_at timestamptz NOT NULL,
  customer_id bigint NOT NULL,
  kind text NOT NULL,
  message text NOT NULL,
  details jsonb NOT NULL
);
SELECT pg_temp.fill_events(:events);
COMMIT;

ALTER TABLE events ADD PRIMARY KEY (id);
CREATE INDEX ON events (happened_at);
CREATE INDEX ON events (customer_id);
