/** Folders of tests, those whose files take longest first: on a new machine jest knows nothing but the files' sizes. */
const LONGEST_FIRST = ['e2e/machine', 'e2e/cli', 'statemachine/keeping', 'e2e', 'statemachine', 'infra', 'unit'];

/** Decides jest's order, so that no processor is left alone with a long file at the end. */
export default class LongestFirst {
  sort(tests) {
    return [...tests].sort((one, other) => rankOf(one) - rankOf(other) || one.path.localeCompare(other.path));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {
    // Nothing is kept: the order is the same on every machine.
  }
}

function rankOf({ path }) {
  const rank = LONGEST_FIRST.findIndex((folder) => path.includes(`/tests/${folder}/`));
  return rank === -1 ? LONGEST_FIRST.length : rank;
}
