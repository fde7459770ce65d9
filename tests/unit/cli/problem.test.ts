import { describe, expect, test } from '@jest/globals';
import { exitCodeOf, problemOf, renderProblem } from '../../../cli/problem.ts';
import { HoldfastError } from '../../../core/errors.ts';

function sdkError(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name }, more);
}

describe('what AWS says becomes a sentence', () => {
  const refused = sdkError('Error', 'connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' });
  test.each([
    ['no credentials', sdkError('CredentialsProviderError', 'Could not load credentials from any providers'), 10],
    ['an expired token', sdkError('ExpiredTokenException', 'The security token is expired'), 10],
    ['unknown credentials', sdkError('UnrecognizedClientException', 'The security token is invalid'), 10],
    ['a refused action', sdkError('AccessDeniedException', 'User: x is not authorized to perform: states:Start'), 10],
    ['no region', sdkError('Error', 'Region is missing'), 2],
    ['nobody at the endpoint', sdkError('AggregateError', '', { code: 'ECONNREFUSED' }), 1],
    ['nobody at several addresses', new AggregateError([refused]), 1],
    ['nobody, further down', new Error('request failed', { cause: refused }), 1],
    ['an unknown host', sdkError('Error', 'getaddrinfo ENOTFOUND sts.nowhere', { code: 'ENOTFOUND' }), 1],
  ])('%s', (_what, error, exit) => {
    const problem = problemOf(error);
    expect(renderProblem(problem)).toMatchSnapshot();
    expect(exitCodeOf(problem)).toBe(exit);
  });
});

test("an error of Holdfast's own is told as it is, whatever caused it", () => {
  const cause = sdkError('ExpiredTokenException', 'expired');
  const problem = problemOf(new HoldfastError('SourceNotFound', 'no source is named "x"', { cause }));
  expect(renderProblem(problem)).toBe(
    'error: SourceNotFound: no source is named "x"\nhint: use one of the listed sources, or add it to holdfast.yml and deploy\n',
  );
  expect(exitCodeOf(problem)).toBe(3);
});

test('what nobody foresaw comes with its causes', () => {
  const error = new Error('outer', { cause: new TypeError('inner') });
  const problem = problemOf(error);
  expect(problem.message).toBe('Error: outer, caused by TypeError: inner');
  expect(exitCodeOf(problem)).toBe(1);
});
