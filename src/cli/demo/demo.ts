import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseDuration } from "../../config/values/duration.ts";
import { WakegateError } from "../../errors.ts";
import { systemClock } from "../../lib/clock.ts";
import { AsyncStack } from "../../lib/disposables.ts";
import { startService } from "../../service.ts";
import { endApps } from "./end-apps.ts";
import { demoLog } from "./demo-log.ts";
import { demoSettings } from "./demo-settings.ts";
import { demoWatch } from "./demo-state.ts";
import { freePort } from "./free-port.ts";
import { startGateway } from "./gateway.ts";
import { untilSignal } from "./until-signal.ts";

/**
 * `wakegate demo`: a sleepy app, Wakegate and a gateway in one terminal, without Docker and proxy. Runs until
 * SIGINT, SIGTERM or SIGHUP and leaves nothing behind. Resolves to the exit code.
 *
 * @throws what `util.parseArgs` throws, and WakegateError `usage` for values that make no sense.
 */
export async function demo(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      page: { type: "string" },
      port: { type: "string", default: "0" },
      idle: { type: "string", default: "20s" },
      boot: { type: "string", default: "4s" },
    },
  });
  const port = portOf(values.port);
  if (values.page !== undefined) return (await import("./page-demo.ts")).pageDemo(values.page, port);
  const idleMs = durationOf("--idle", values.idle);
  const bootMs = durationOf("--boot", values.boot);

  await using stack = new AsyncStack();
  const ended = stack.use(untilSignal());
  const dir = await mkdtemp(join(tmpdir(), "wakegate-demo-"));
  stack.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  const appPort = await freePort();
  const settings = await demoSettings({ dir, appPort, idleMs, bootMs });
  // Wakegate leaves running apps alone when it ends; the demo must not leave its own behind.
  stack.defer(() => endApps(settings));
  const service = stack.use(await startService({ settings, log: demoLog(say) }));
  const watch = demoWatch({
    isAwake: () => service.registry.entries.some(({ handle }) => handle?.gate.kind === "ready"),
    idleMs,
    clock: systemClock,
  });
  const gateway = stack.use(
    await startGateway({
      port,
      internal: service.internal,
      public: service.public,
      app: { host: "127.0.0.1", port: appPort },
      own: (request, response) => watch.answer(request, response),
      onPass: () => watch.passed(),
    }),
  );
  say(`
  A sleepy app stands behind Wakegate. It is asleep. Open

      http://127.0.0.1:${String(gateway.port)}/

  The first request wakes it: a page shows the wake (the app boots for ${values.boot}), then the app.
  ${values.idle} after the last visit it sleeps again. Ctrl-C ends the demo.
`);
  await ended.reason;
  say("  Ending the demo.");
  return 0;
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new WakegateError("usage", `--port: expected a number from 0 (any free one) to 65535, not "${text}"`);
}

function durationOf(option: string, text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new WakegateError("usage", `${option}: ${parsed.message}`);
  return parsed.value;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
