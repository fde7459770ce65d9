/** @type {import('jest').Config} */
const project = (name, testTimeoutMs) => ({
  displayName: name,
  testMatch: [`<rootDir>/tests/${name}/**/*.test.ts`],
  testTimeout: testTimeoutMs,
  testEnvironment: 'node',
  // middy and a few others ship only ES modules, which jest's CommonJS runtime needs transformed.
  transform: {
    '^.+\\.(m?js|ts)$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(@middy|execa|@sindresorhus|log-update)/)'],
});

export default {
  projects: [
    project('unit', 10_000),
    project('statemachine', 30_000),
    project('infra', 120_000),
    project('e2e', 180_000),
  ],
};
