import { expect, test } from '@jest/globals';
import { phasesIn } from '../../bench/measure/server-log.ts';

/** As a server of 17 writes it, with the sessions of two jobs. */
const LOG = `2026-11-21 15:07:20.000 UTC [10] LOG:  duration: 100.500 ms  statement: CREATE TABLE public.t (
\t    id integer
\t);
2026-11-21 15:07:22.000 UTC [10] LOG:  duration: 1500.000 ms  statement: TRUNCATE TABLE ONLY public.t;
\tCOPY public.t (id) FROM stdin WITH (FREEZE);
\t
2026-11-21 15:07:22.100 UTC [10] LOG:  duration: 100.000 ms  statement: COPY public.u (id) FROM stdin;
2026-11-21 15:07:23.500 UTC [11] LOG:  duration: 0.500 ms  fastpath function call: "lowrite" (OID 955)
2026-11-21 15:07:23.600 UTC [11] ERROR:  duration: 9.000 ms  statement: COPY
2026-11-21 15:07:24.000 UTC [10] LOG:  duration: 900.000 ms  statement: ALTER TABLE ONLY public.t
\t    ADD CONSTRAINT t_pkey PRIMARY KEY (id);
\t
\t
2026-11-21 15:07:24.250 UTC [11] LOG:  duration: 50.000 ms  statement: CREATE INDEX t_name_idx ON public.t USING btree (name);
2026-11-21 15:07:25.000 UTC [12] LOG:  duration: 40.000 ms  statement: ALTER TABLE public.t OWNER TO postgres;
2026-11-21 15:07:29.000 UTC [12] LOG:  duration: 40.000 ms  statement: ANALYZE
`;

test('phases last from the start of their first statement to the end of their last one', () => {
  const { dataSeconds, indexSeconds } = phasesIn(LOG);
  expect(dataSeconds).toBeCloseTo(3);
  expect(indexSeconds).toBeCloseTo(1.15);
});

test('what did not happen took no time', () => {
  expect(phasesIn('')).toEqual({ dataSeconds: 0, indexSeconds: 0 });
});
