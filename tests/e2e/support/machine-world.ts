/** The deployed service beside a real server, with S3's weather in the test's hand, for tests of the whole machine. */
import { stringify } from 'yaml';
import { startMailbox, type Mailbox } from './machine-mailbox.ts';
import { startTestStack, type TestStack } from './stack.ts';
import { startS3Proxy, type S3Proxy } from './worker-s3-proxy.ts';

/** Keys of a source in holdfast.yml. */
export type SourceConfig = Readonly<Record<string, unknown>>;

export interface MachineWorld {
  readonly stack: TestStack;
  readonly mailbox: Mailbox;
  /** What S3 does with the objects of a source, from now on. */
  weather(source: string, treat: S3Proxy['treat']): void;
  stop(): Promise<void>;
}

/** @param restoreTargets entries of that key of holdfast.yml */
export async function startMachineWorld(
  sources: Readonly<Record<string, SourceConfig>>,
  restoreTargets: Readonly<Record<string, SourceConfig>> = {},
): Promise<MachineWorld> {
  const emulator = Promise.withResolvers<string>();
  const proxy = await startS3Proxy(emulator.promise);
  try {
    const treatments = new Map<string, S3Proxy['treat']>();
    const stack = await startTestStack({
      config: stringify({ notifications: { email: ['ops@example.com'] }, restoreTargets, sources }),
      endpointOverrides: { s3: proxy.endpoint },
      onEmulator: emulator.resolve,
    });
    proxy.treat = (request, path) => {
      // "/bucket/source/…"
      const treat = treatments.get(path.split('/')[2] ?? '');
      return treat ? treat(request, path) : 'forward';
    };
    const mailbox = startMailbox(stack);
    return {
      stack,
      mailbox,
      weather: (source, treat) => void treatments.set(source, treat),
      stop: async () => {
        await mailbox.stop();
        await stack.stop();
        await proxy.close();
      },
    };
  } catch (error) {
    await proxy.close();
    throw error;
  }
}
