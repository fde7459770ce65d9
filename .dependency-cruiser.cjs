const forbid = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: to },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    forbid(
      'core-is-ours-alone',
      'core decides and describes; it must be testable without a network, a clock or a disk, so it imports nothing else of ours',
      '^core/',
      '^(aws|cli|functions|infra|local|tests|worker)/',
    ),
    forbid(
      'core-is-pure',
      'a decision that reads a file, a process or an AWS service cannot be tested as a function',
      '^core/',
      '^(node:)?(fs|child_process|net|http|https|os|process)(/|$)|@aws-sdk|node_modules/pg/',
    ),
    {
      name: 'no-program-imports-another',
      comment: 'functions, worker and cli are deployed apart; what they share belongs in core or aws',
      severity: 'error',
      from: { path: '^(functions|worker|cli)/' },
      to: { path: '^(functions|worker|cli|infra|local|tests)/', pathNot: '^$1/' },
    },
    forbid(
      'aws-adapts-only',
      'aws/ turns SDK calls into the words of core',
      '^aws/',
      '^(cli|functions|infra|local|tests|worker)/',
    ),
    forbid(
      'postgres-stays-in-its-folders',
      'more source types will come: upload, outcome, manifest and verification know only objects',
      '^(aws|functions|cli)/|^worker/(?!postgres/|main\\.ts|dump|restore-(test-)?run\\.ts)',
      '^(worker/postgres/|core/postgres/)|node_modules/pg/',
    ),
    {
      name: 'no-cycles',
      comment: 'a cycle has no first module to read',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
