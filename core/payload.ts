/** How much the states of a machine can hand to one another. */

/** "Maximum input or output size for a task, state, or execution", of UTF-8 (Step Functions developer guide, quotas). */
export const PAYLOAD_MAX_BYTES = 256 * 1024;

/** The first of a list, as many as take no more than so many bytes of JSON. */
export function firstThatFit<Item>(items: readonly Item[], bytes: number): Item[] {
  const encoder = new TextEncoder();
  let left = bytes;
  const tooMuch = items.findIndex((item) => {
    // With the comma that comes before the next one.
    left -= encoder.encode(JSON.stringify(item)).length + 1;
    return left < 0;
  });
  return tooMuch === -1 ? [...items] : items.slice(0, tooMuch);
}
