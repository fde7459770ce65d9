-- What most tables of most databases are: 500 small ones, each with two indexes.

DO $$
BEGIN
  FOR n IN 1..500 LOOP
    EXECUTE format('CREATE TABLE setting_%s (id integer, name text NOT NULL, value numeric, changed_at timestamptz)', n);
    EXECUTE format(
      'INSERT INTO setting_%s SELECT i, md5((%s * i)::text), i * 1.25, timestamptz ''2024-01-01Z'' + i * interval ''1 hour''
         FROM generate_series(1, 50) i', n, n);
    EXECUTE format('ALTER TABLE setting_%s ADD PRIMARY KEY (id)', n);
    EXECUTE format('CREATE INDEX ON setting_%s (name)', n);
  END LOOP;
END
$$;
