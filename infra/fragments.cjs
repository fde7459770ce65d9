// serverless.yml can include CommonJS only; the fragments that depend on holdfast.yml are TypeScript.
const { bucketEncryption, bucketLifecycle, bucketLock } = require('./bucket.ts');
const { dashboard } = require('./dashboard.ts');
const { roles } = require('./roles.ts');
const { sources } = require('./sources.ts');

module.exports = {
  bucketEncryption: bucketEncryption(),
  bucketLifecycle: bucketLifecycle(),
  bucketLock: bucketLock(),
  dashboard: dashboard(),
  roles: roles(),
  sources: sources(),
};
