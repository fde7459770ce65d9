/** Settings of the sessions in which pg_restore works, whatever the database, its role or the source has set. */

/**
 * pg_restore itself sets what its statements need: encoding, standard_conforming_strings, search_path, xmloption,
 * check_function_bodies, row_security, default_tablespace, default_table_access_method and the timeouts of statements, locks
 * and transactions. Dates, intervals and bytes are written so that they are read in any style. These are left, which would
 * refuse to write, end the session that waits for its jobs, or read another value than pg_dump wrote.
 */
const RESTORE_SETTINGS = { default_transaction_read_only: 'off', idle_session_timeout: '0', array_nulls: 'on' };

/** For libpq's PGOPTIONS. */
export const RESTORE_OPTIONS = Object.entries(RESTORE_SETTINGS)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');
