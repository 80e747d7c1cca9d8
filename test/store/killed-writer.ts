import { systemClock } from "../../src/lib/clock.ts";
import { openFileStore } from "../../src/store/file-store.ts";
import { recordedLog } from "./recorded-log.ts";

// Writes without end, and tells each number that flush() promised to be on disk. The test kills it.
const [dir = "", start = "0"] = process.argv.slice(2);
const store = await openFileStore({ dir, clock: systemClock, log: recordedLog() });
store.update("filler", { displayName: "x".repeat(200_000) });
for (let count = Number(start); ; count += 1) {
  store.update("counter", { lastActivity: count });
  await store.flush();
  process.stdout.write(`${String(count)}\n`);
}
