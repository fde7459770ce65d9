/** Where a run is, from what is heard of it bit by bit. */
import type { StateChange } from '../aws/executions.ts';

/** States in which something happens; the others are passed in no time. */
const SHOWN_TYPES = ['Task', 'Parallel', 'Wait'];

/** Where an execution is, from the changes of state in its history. */
export class StateTracker {
  /** Of the newest change that was added. */
  lastId = 0;
  /** How often each was entered and not left: the branches of a Parallel are inside at the same time. */
  readonly #inside = new Map<string, { readonly type: string; count: number }>();

  /** @returns those that were entered and are worth a line */
  add(changes: readonly StateChange[]): StateChange[] {
    for (const { id, state, type, kind } of changes) {
      this.lastId = Math.max(this.lastId, id);
      const entry = this.#inside.get(state) ?? { type, count: 0 };
      entry.count += kind === 'entered' ? 1 : -1;
      this.#inside.set(state, entry);
    }
    return changes.filter(({ kind, type }) => kind === 'entered' && SHOWN_TYPES.includes(type));
  }

  /** A Parallel is named only while none of its branches' states is known. */
  current(): string[] {
    const inside = [...this.#inside].filter(([, { type, count }]) => count > 0 && SHOWN_TYPES.includes(type));
    const inner = inside.filter(([, { type }]) => type !== 'Parallel');
    return (inner.length > 0 ? inner : inside).map(([state]) => state);
  }
}
