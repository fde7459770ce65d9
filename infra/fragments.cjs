// serverless.yml can include CommonJS only; the fragments that depend on holdfast.yml are TypeScript.
const { roles } = require('./roles.ts');
const { sources, bucketEncryption } = require('./sources.ts');

module.exports = { roles: roles(), sources: sources(), bucketEncryption: bucketEncryption() };
