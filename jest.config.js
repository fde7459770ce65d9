/** middy, execa, log-update and what they import ship only ES modules, which jest's CommonJS runtime needs transformed. */
const ES_MODULES = [
  '@middy',
  'execa|@sindresorhus|@sec-ant|figures|get-stream|human-signals|is-plain-obj|is-stream|is-unicode-supported',
  'npm-run-path|path-key|parse-ms|pretty-ms|strip-final-newline|unicorn-magic|yoctocolors',
  'log-update|ansi-escapes|ansi-regex|ansi-styles|cli-cursor|environment|get-east-asian-width|is-fullwidth-code-point',
  'mimic-function|onetime|restore-cursor|slice-ansi|strip-ansi|wrap-ansi',
].join('|');

/** @type {import('jest').Config} */
const project = (name) => ({
  displayName: name,
  testMatch: [`<rootDir>/tests/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  // Not in the temporary folder, which every run has of its own.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  transform: {
    '^.+\\.(m?js|ts)$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // Their packages name only the file for `import`.
  moduleNameMapper: {
    '^unicorn-magic$': '<rootDir>/node_modules/unicorn-magic/node.js',
    '^@middy/(core|util)$': '<rootDir>/node_modules/@middy/$1/index.js',
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ES_MODULES})/)`],
});

export default {
  projects: ['unit', 'statemachine', 'infra', 'e2e', 'roles'].map(project),
  testSequencer: '<rootDir>/tests/longest-first.js',
  // Real servers and processes; jest takes this setting from here only.
  testTimeout: 180_000,
};
