import { describe, expect, it } from '@jest/globals';
import { homedir } from 'node:os';
import { cacheDirectory } from '../../../local/toolchain/cache-directory.ts';

describe('cacheDirectory', () => {
  it.each([
    {
      env: {},
      uid: 0,
      expected: '/var/cache/holdfast',
      why: "root's home is closed to the user that Postgres runs as",
    },
    { env: {}, uid: 1000, expected: `${homedir()}/.cache/holdfast`, why: 'a user has a cache of its own' },
    { env: { XDG_CACHE_HOME: '/x/cache' }, uid: 1000, expected: '/x/cache/holdfast', why: 'it may be elsewhere' },
    {
      env: { XDG_CACHE_HOME: 'relative' },
      uid: 1000,
      expected: `${homedir()}/.cache/holdfast`,
      why: 'XDG ignores those',
    },
    { env: { HOLDFAST_CACHE: '/chosen' }, uid: 0, expected: '/chosen', why: 'a choice wins' },
    { env: { HOLDFAST_CACHE: '' }, uid: 0, expected: '/var/cache/holdfast', why: 'empty is not a choice' },
  ])('is $expected for user $uid: $why', ({ env, uid, expected }) => {
    expect(cacheDirectory(env, uid)).toBe(expected);
  });
});
