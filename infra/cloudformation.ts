/** The few CloudFormation expressions that the generated fragments use. */

export const ref = (logicalId: string): { Ref: string } => ({ Ref: logicalId });

export const arnOf = (logicalId: string): { 'Fn::GetAtt': [string, string] } => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });

export const sub = (text: string): { 'Fn::Sub': string } => ({ 'Fn::Sub': text });

export type Value = string | ReturnType<typeof ref> | ReturnType<typeof arnOf> | ReturnType<typeof sub>;

export interface Fragment {
  readonly Resources: Record<string, unknown>;
}
