import { expect, test } from '@jest/globals';
import { countOf, formatBytes, formatCount, formatDuration, formatTime } from '../../../core/format.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1_048_575, '1.0 MiB'],
  [1_288_490_189, '1.2 GiB'],
  [5 * 1024 ** 4, '5.0 TiB'],
  [3000 * 1024 ** 5, '3000.0 PiB'],
])('%d bytes are %s', (sizeBytes, text) => {
  expect(formatBytes(sizeBytes)).toBe(text);
});

test.each([
  [-5, '0 s'],
  [400, '0 s'],
  [45_000, '45 s'],
  [59_600, '1 min'],
  [689_000, '11 min 29 s'],
  [3_600_000, '1 h'],
  [3_900_000, '1 h 5 min'],
  [93_600_000, '1 d 2 h'],
  [86_400_000 * 400, '400 d'],
])('%d ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('counts have separators and their noun its number', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect([countOf(1, 'table'), countOf(0, 'table'), countOf(2, 'index', 'indices')]).toEqual([
    '1 table',
    '0 tables',
    '2 indices',
  ]);
});

test('times are in UTC to the second', () => {
  expect(formatTime('2025-11-21T02:30:11.987+01:00')).toBe('2025-11-21 01:30:11 UTC');
});
