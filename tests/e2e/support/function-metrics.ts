/** What a deployed function has written for CloudWatch. By plain HTTP: the project does not need the client of its logs otherwise. */
import type { TestStack } from './stack.ts';

/** The lines of metrics about a source, the oldest first. */
export async function metricsOf(
  { info }: TestStack,
  state: string,
  source: string,
): Promise<Readonly<Record<string, unknown>>[]> {
  const response = await fetch(info.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Logs_20140328.FilterLogEvents',
      authorization: `AWS4-HMAC-SHA256 Credential=${info.accessKeyId}/20260101/${info.region}/logs/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify({ logGroupName: `/aws/lambda/holdfast-local-${state}` }),
  });
  if (!response.ok) throw new Error(`FilterLogEvents: ${response.status} ${await response.text()}`);
  const { events } = (await response.json()) as { readonly events: readonly { readonly message: string }[] };
  const lines = events.flatMap(({ message }) => message.split('\n')).filter((line) => line.startsWith('{"_aws":'));
  return lines
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .filter(({ Source }) => Source === source);
}
