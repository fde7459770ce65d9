/**
 * Tasks that are worth something only together: the first failure ends the others through the signal that they listen
 * to. All have settled when this does, so nothing goes on behind the caller's back.
 * @returns their values, in the order of the tasks
 */
export async function together<const Tasks extends readonly Promise<unknown>[]>(
  failure: AbortController,
  tasks: Tasks,
): Promise<{ -readonly [Index in keyof Tasks]: Awaited<Tasks[Index]> }> {
  for (const task of tasks) {
    task.catch((error: unknown) => {
      failure.abort(error);
    });
  }
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}
