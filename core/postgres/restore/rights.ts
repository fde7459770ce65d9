/** What the role that restores may do on the target. */
export interface Rights {
  readonly superuser: boolean;
  /** A member of rds_superuser, for whom RDS allows some of it. */
  readonly rdsSuperuser: boolean;
  /** May give privileges on schema public, which every database has. */
  readonly ownsPublic: boolean;
  /** Roles that exist and to which it may give objects. */
  readonly owners: ReadonlySet<string>;
  /** Foreign-data wrappers that are there, and that it may not use. */
  readonly closedWrappers: ReadonlySet<string>;
  /** Tablespaces that are there, and in which it may make something. */
  readonly tablespaces: ReadonlySet<string>;
  /** Of the server. */
  readonly major: number;
}
