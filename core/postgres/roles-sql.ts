/** SQL that makes the roles of a database on another server, as far as one who is no superuser may. */
import { quoteIdentifier, quoteLiteral } from './sql-quote.ts';

export interface Role {
  readonly name: string;
  readonly login: boolean;
  readonly inherit: boolean;
  readonly createDb: boolean;
  readonly createRole: boolean;
  /** -1: no limit. */
  readonly connectionLimit: number;
  /** By the database itself, and not only by a member of it. */
  readonly referred: boolean;
}

export interface Membership {
  readonly member: string;
  readonly group: string;
  readonly admin: boolean;
}

/** Roles of the server itself and of RDS: what they may do is not ours to say. */
export function isPlatformRole(name: string): boolean {
  return (
    isServerRole(name) || /^(rds_|rdsadmin$|rdsrepladmin$|rdsproxyadmin$|rdstopmgr$|rdswriteforwarduser$)/.test(name)
  );
}

/** Every server has them, and nobody can make one. */
const isServerRole = (name: string): boolean => name.startsWith('pg_');

/**
 * Roles that exist are left as they are. Nothing of it sets a password: a role with LOGIN cannot log in by password
 * until one is given. SUPERUSER, REPLICATION and BYPASSRLS are left out, because only a superuser or RDS may give them.
 * Where there are no roles of RDS, those that the database refers to are made too, without any right: statements that
 * name them would fail.
 */
export function rolesSql(roles: readonly Role[], memberships: readonly Membership[]): string {
  const own = roles.filter(({ name }) => !isPlatformRole(name));
  const standIns = roles.filter(({ name, referred }) => referred && isPlatformRole(name) && !isServerRole(name));
  const names = new Set(own.map(({ name }) => name));
  const grants = memberships.filter(({ member, group }) => names.has(member) && names.has(group));
  return [
    '-- Roles that the database refers to, without passwords. Existing roles are not changed.',
    ...own.map((role) => createRole(role.name, attributesOf(role))),
    ...standIns.map(({ name }) => createRole(name, 'NOLOGIN')),
    ...grants.map(grantMembership),
    '',
  ].join('\n');
}

function attributesOf(role: Role): string {
  return [
    role.login ? 'LOGIN' : 'NOLOGIN',
    role.inherit ? 'INHERIT' : 'NOINHERIT',
    ...(role.createDb ? ['CREATEDB'] : []),
    ...(role.createRole ? ['CREATEROLE'] : []),
    ...(role.connectionLimit < 0 ? [] : [`CONNECTION LIMIT ${role.connectionLimit}`]),
  ].join(' ');
}

function createRole(name: string, attributes: string): string {
  const create = `CREATE ROLE ${quoteIdentifier(name)} WITH ${attributes}`;
  return anonymousBlock(
    `IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${quoteLiteral(name)}) THEN ${create}; END IF;`,
  );
}

/** A membership that is there already is not granted again: that takes the admin option, which one may lack. */
function grantMembership({ member, group, admin }: Membership): string {
  const grant = `GRANT ${quoteIdentifier(group)} TO ${quoteIdentifier(member)}${admin ? ' WITH ADMIN OPTION' : ''};`;
  const has = `pg_catalog.pg_has_role(${quoteLiteral(member)}, ${quoteLiteral(group)}, 'MEMBER')`;
  return anonymousBlock(`IF NOT ${has} THEN ${grant} END IF;`);
}

/** The quote of the block must not occur in it: names may hold anything. */
export function anonymousBlock(body: string): string {
  let tag = '$holdfast$';
  while (body.includes(tag)) tag = `${tag.slice(0, -1)}_$`;
  return `DO ${tag} BEGIN ${body} END ${tag};`;
}
