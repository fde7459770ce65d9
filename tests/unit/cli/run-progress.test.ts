import { describe, expect, test } from '@jest/globals';
import type { StateChange } from '../../../aws/executions.ts';
import { StateTracker } from '../../../cli/run-progress.ts';

let id = 0;
const change = (kind: StateChange['kind'], state: string, type = 'Task'): StateChange => ({
  id: ++id,
  at: '2025-11-21T02:30:11.000Z',
  kind,
  state,
  type,
});
const entered = (state: string, type?: string): StateChange => change('entered', state, type);
const exited = (state: string, type?: string): StateChange => change('exited', state, type);

describe('states', () => {
  test('those that do something are told once, the others never', () => {
    const states = new StateTracker();
    const changes = [entered('PlanBackup'), exited('PlanBackup'), entered('IsDuplicate', 'Choice')];
    expect(states.add(changes).map(({ state }) => state)).toEqual(['PlanBackup']);
    expect(states.lastId).toBe(changes.at(-1)?.id);
    expect(states.current()).toEqual([]);
  });

  test('a Parallel is named until its branches are', () => {
    const states = new StateTracker();
    states.add([entered('BackUp', 'Parallel')]);
    expect(states.current()).toEqual(['BackUp']);
    states.add([entered('RunDump'), entered('CreateSnapshot'), exited('CreateSnapshot')]);
    expect(states.current()).toEqual(['RunDump']);
    states.add([entered('WaitForSnapshot', 'Wait')]);
    expect(states.current()).toEqual(['RunDump', 'WaitForSnapshot']);
  });

  test('a state that is entered again is current again', () => {
    const states = new StateTracker();
    states.add([entered('CheckSnapshot'), exited('CheckSnapshot'), entered('CheckSnapshot')]);
    expect(states.current()).toEqual(['CheckSnapshot']);
  });
});
