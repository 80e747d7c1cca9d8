import type { Guest } from "./guests.ts";
import type { World } from "./world.ts";

/** How long a power call waits for the guest's lock. */
const LOCK_WAIT_MS = 10_000;
/** One after the other for each guest; whoever waits too long loses. */
export async function withLock(
  world: World,
  guest: Guest,
  file: string,
  log: string[],
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  const before = guest.lockQueue;
  let release = (): void => undefined;
  let contended = true;
  void before.then(() => (contended = false));
  await Promise.resolve();
  await Promise.resolve();
  const mine = new Promise<void>((resolve) => (release = resolve));
  guest.lockQueue = Promise.all([before, mine]).then(() => undefined);
  try {
    if (contended) {
      log.push("trying to acquire lock...");
      const late = world.pause(LOCK_WAIT_MS, signal).then(() => "late" as const);
      if ((await Promise.race([before, late])) === "late")
        throw new Error(`can't lock file '${file}' - got timeout`);
      log.push(" OK");
    }
    await work();
  } finally {
    release();
  }
}
