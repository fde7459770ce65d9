/** What the roles of a template may do, flat. */
import type { Template } from '../../infra/limits.ts';
import { resourcesOf } from './packaged-service.ts';

export interface Permission {
  /** Logical name of the role, without "Role". */
  readonly role: string;
  readonly action: string;
  /** Text of the resource: `*`, an ARN, or the text of the expression that gives it. */
  readonly resource: string;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

/** One entry for each role, action and resource. */
export function permissionsOf(template: Template): Permission[] {
  return resourcesOf(template, 'AWS::IAM::Role').flatMap(([name, { Properties = {} }]) => {
    const policies = Properties['Policies'] as readonly Policy[];
    const statements = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    return statements.flatMap(({ Action, Resource }) =>
      listOf(Action).flatMap((action) =>
        listOf(Resource).map((resource) => ({
          role: name.replace(/Role$/, ''),
          action: String(action),
          resource: textOf(resource),
        })),
      ),
    );
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function textOf(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const expression = resource as Record<string, unknown>;
  const value = expression['Fn::Sub'] ?? expression['Ref'] ?? expression['Fn::GetAtt'];
  return Array.isArray(value) ? value.join('.') : String(value);
}
