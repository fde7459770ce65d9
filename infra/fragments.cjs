// serverless.yml can include CommonJS only; the fragments that depend on holdfast.yml are TypeScript.
const { roles } = require('./roles.ts');
const { dashboard } = require('./dashboard.ts');
const { sources, bucketEncryption } = require('./sources.ts');

module.exports = { roles: roles(), sources: sources(), dashboard: dashboard(), bucketEncryption: bucketEncryption() };
