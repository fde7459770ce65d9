/** Databases of several sizes on one server. One at a time has the name that every way dumps. */
import type { PostgresServer } from '../../../local/postgres.ts';
import { buildDatabase, DATABASE, postgresCommand, type BenchDatabase } from './build.ts';

export class SizedDatabases {
  readonly #run: ReturnType<typeof postgresCommand>;
  readonly #server: PostgresServer;
  readonly #asideMb = new Set<number>();
  #usedMb: number | undefined;

  constructor(server: PostgresServer) {
    this.#server = server;
    this.#run = postgresCommand(server);
  }

  /** Makes one, which is the one in use then. */
  async build(sizeMb: number): Promise<BenchDatabase> {
    await this.#putAside();
    const built = await buildDatabase(this.#server, sizeMb);
    this.#usedMb = sizeMb;
    return built;
  }

  async use(sizeMb: number): Promise<void> {
    if (sizeMb === this.#usedMb) return;
    await this.#putAside();
    await this.#rename(asideName(sizeMb), DATABASE);
    this.#asideMb.delete(sizeMb);
    this.#usedMb = sizeMb;
  }

  /** Leaves the one in use. */
  async dropOthers(): Promise<void> {
    for (const aside of this.#asideMb) await this.#run('dropdb', [asideName(aside)]);
    this.#asideMb.clear();
  }

  async #putAside(): Promise<void> {
    if (this.#usedMb === undefined) return;
    await this.#rename(DATABASE, asideName(this.#usedMb));
    this.#asideMb.add(this.#usedMb);
    this.#usedMb = undefined;
  }

  async #rename(from: string, to: string): Promise<void> {
    const sql = `ALTER DATABASE ${from} RENAME TO ${to}`;
    await this.#run('psql', [
      '--no-psqlrc',
      '--quiet',
      '--set=ON_ERROR_STOP=1',
      '--dbname=postgres',
      `--command=${sql}`,
    ]);
  }
}

const asideName = (sizeMb: number): string => `${DATABASE}_${sizeMb}`;
