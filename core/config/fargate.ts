/**
 * The sizes that Fargate has. An unsupported pair is refused only when a task is started, in the night.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
 */

interface MemoryRange {
  readonly minMiB: number;
  readonly maxMiB: number;
  readonly stepMiB: number;
}

/** Memory by CPU units; 256 units have three sizes that no step describes. */
const MEMORY_OF_CPU: ReadonlyMap<number, readonly number[] | MemoryRange> = new Map<
  number,
  readonly number[] | MemoryRange
>([
  [256, [512, 1024, 2048]],
  [512, { minMiB: 1024, maxMiB: 4096, stepMiB: 1024 }],
  [1024, { minMiB: 2048, maxMiB: 8192, stepMiB: 1024 }],
  [2048, { minMiB: 4096, maxMiB: 16_384, stepMiB: 1024 }],
  [4096, { minMiB: 8192, maxMiB: 30_720, stepMiB: 1024 }],
  [8192, { minMiB: 16_384, maxMiB: 61_440, stepMiB: 4096 }],
  [16_384, { minMiB: 32_768, maxMiB: 122_880, stepMiB: 8192 }],
]);

export const FARGATE_CPU_UNITS: readonly number[] = [...MEMORY_OF_CPU.keys()];

/** Ephemeral storage that a task may ask for; 20 GiB is what it has without asking. */
export const FARGATE_DISK_GIB = { min: 21, max: 200 } as const;

/** Whether Fargate runs a task of that size; false also for CPU units that it does not know. */
export function isFargateSize(cpuUnits: number, memoryMiB: number): boolean {
  const sizes = MEMORY_OF_CPU.get(cpuUnits);
  if (sizes === undefined) return false;
  if (!('stepMiB' in sizes)) return sizes.includes(memoryMiB);
  return memoryMiB >= sizes.minMiB && memoryMiB <= sizes.maxMiB && memoryMiB % sizes.stepMiB === 0;
}

/** The memory that goes with the CPU units, for a message: `4096 to 16384 in steps of 1024`. */
export function describeFargateMemory(cpuUnits: number): string {
  const sizes = MEMORY_OF_CPU.get(cpuUnits);
  if (sizes === undefined) return 'none';
  if (!('stepMiB' in sizes)) return sizes.join(', ');
  return `${sizes.minMiB} to ${sizes.maxMiB} in steps of ${sizes.stepMiB}`;
}
