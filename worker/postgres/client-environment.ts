/** The environment of client programs: what they need and nothing of the worker's, which holds credentials of AWS. */

/** Where their libraries are, where the image does not have them in the system's places. */
const INHERITED = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'] as const;

/** @param settings libpq's variables: PGHOST, PGPASSWORD, … */
export function clientEnvironment(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
  const environment: Record<string, string> = {
    // Messages are read by the worker and by people everywhere; times in them are UTC.
    LC_ALL: 'C',
    TZ: 'UTC',
    // No file of the user adds a setting or a password.
    PGSYSCONFDIR: '/dev/null',
    PGSERVICEFILE: '/dev/null',
    PGPASSFILE: '/dev/null',
  };
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return { ...environment, ...settings };
}
