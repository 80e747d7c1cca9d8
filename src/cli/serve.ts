import { parseArgs } from "node:util";
import { loadSettings } from "../config/load.ts";
import { isMountedAlone, watchConfig } from "../config/watch-config.ts";
import type { Problem, Settings } from "../config/model.ts";
import { formatListenAddress } from "../config/values/listen-address.ts";
import { messageOf } from "../errors.ts";
import { systemClock } from "../lib/clock.ts";
import { createLog, type LevelledLog } from "../lib/pino-log.ts";
import type { Reload } from "../admin/parts.ts";
import { startService, type Service } from "../service.ts";
import { processOutput } from "./output.ts";
import { problemText } from "./problem-text.ts";
import { tuneV8 } from "./tune-v8.ts";

/** How long a shut-down may take in all before the process ends anyway. */
const SHUTDOWN_LIMIT_MS = 20_000;

/**
 * `wakegate serve`: runs until SIGTERM or SIGINT, reads the configuration anew on SIGHUP and when the file
 * changes. Resolves to the exit code: 0 after a good end, 1 when it could not start.
 */
export async function serve(args: string[]): Promise<number> {
  tuneV8();
  const { values } = parseArgs({ args, options: { config: { type: "string" } } });
  const options = values.config === undefined ? {} : { file: values.config };
  const loaded = await loadSettings(options);
  const output = processOutput();
  if ("problems" in loaded) {
    for (const problem of loaded.problems) output.err(problemText(problem, output));
    output.err("wakegate: the configuration has errors; nothing was started.");
    return 1;
  }
  const { settings, warnings, file } = loaded;
  const log = createLog(settings.log);
  tell(log, warnings);

  const ended = untilEnded();
  let service: Service;
  let reloadOnce: Reload = () => Promise.resolve({ applied: false, problems: [], restartNeeded: [] });
  try {
    const starting = startService({ settings, log, reload: () => reloadOnce() });
    const first = await Promise.race([starting, ended]);
    if (typeof first === "string") {
      log.info("stopping", `Wakegate ends (${first}) before it has started`);
      void starting.then((late) => late[Symbol.asyncDispose]()).catch(() => undefined);
      return exitSoon(0);
    }
    service = first;
  } catch (error) {
    log.error("start_failed", messageOf(error), { err: error });
    return exitSoon(1);
  }
  greet(log, service, settings, file);

  const reloads = new AbortController();
  reloadOnce = reloader(service, log, options);
  const reload = (): void => {
    void reloadOnce().catch((error: unknown) =>
      log.error(
        "reload_failed",
        `The changed configuration was not applied; the previous one stays in force: ${messageOf(error)}`,
        { err: error },
      ),
    );
  };
  if (file !== undefined) {
    if (isMountedAlone(file)) {
      log.warn(
        "config_file_mounted",
        `${file} is mounted as a single file. Editors that replace it on the host leave the old one mounted, so its changes are not seen here. Mount its folder instead, for instance ./config:/etc/wakegate:ro with WAKEGATE_CONFIG=/etc/wakegate/wakegate.yaml.`,
        { file },
      );
    }
    const onReplaced = (): void =>
      log.error(
        "config_file_replaced",
        `${file} was replaced on the other side of its mount. Its changes are not seen here until the container is created again. Mount its folder instead of the file.`,
        { file },
      );
    watchConfig(file, reload, reloads.signal, { onReplaced });
  }
  process.on("SIGHUP", reload);

  const signal = await ended;
  process.off("SIGHUP", reload);
  reloads.abort();
  log.info("stopping", `Wakegate ends (${signal}); running apps go on`);
  const limit = systemClock.after(SHUTDOWN_LIMIT_MS, () => {
    log.error("shutdown_overdue", `not everything ended within ${String(SHUTDOWN_LIMIT_MS / 1_000)} s`);
    process.exit(1);
  });
  try {
    await service[Symbol.asyncDispose]();
    log.info("stopped", "Wakegate has ended");
    return 0;
  } catch (error) {
    log.error("shutdown_failed", messageOf(error), { err: error });
    return 1;
  } finally {
    limit[Symbol.dispose]();
  }
}

/** What a failed or an abandoned start may take to close what it has opened, in ms. */
const ABANDON_LIMIT_MS = 800;

/** Ends the process with this code shortly, whatever is still open then: a restart policy waits for it. */
function exitSoon(code: number): number {
  setTimeout(() => process.exit(code), ABANDON_LIMIT_MS).unref();
  return code;
}

/** Resolves to the name of the signal that asks for the end. A second one ends at once. */
function untilEnded(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const name of ["SIGTERM", "SIGINT"] as const) {
      process.on(name, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve(name);
      });
    }
  });
}

/** Reads the configuration anew, one reading after the other. A bad one changes nothing and is told. */
function reloader(service: Service, log: LevelledLog, options: { file?: string }): Reload {
  let tail: Promise<unknown> = Promise.resolve();
  const once: Reload = async () => {
    const loaded = await loadSettings(options);
    if ("problems" in loaded) {
      tell(log, loaded.problems);
      log.error("reload_refused", "the changed configuration has errors; the one before stays in force");
      return { applied: false, problems: loaded.problems, restartNeeded: [] };
    }
    tell(log, loaded.warnings);
    const restartNeeded = await service.reconfigure(loaded.settings);
    log.setLevel(loaded.settings.log.level);
    const later = restartNeeded.length > 0 ? `; ${restartNeeded.join(", ")} only after a restart` : "";
    log.info("reloaded", `the changed configuration is in force${later}`, { restartNeeded });
    return { applied: true, problems: loaded.warnings, restartNeeded };
  };
  return () => {
    const done = tail.then(once);
    tail = done.catch(() => undefined);
    return done;
  };
}

function tell(log: LevelledLog, problems: readonly Problem[]): void {
  for (const { severity, where, key, value, message } of problems) {
    const line = `${where}: ${key}${value === undefined ? "" : ` = ${JSON.stringify(value)}`}: ${message}`;
    log[severity === "error" ? "error" : "warn"](`config_${severity}`, line, { where, key });
  }
}

function greet(log: LevelledLog, service: Service, settings: Settings, file: string | undefined): void {
  const internal = formatListenAddress(service.internal);
  const open = formatListenAddress(service.public);
  log.info("listening", `Wakegate listens on ${internal} (internal) and ${open} (public)`, {
    internal,
    public: open,
    config: file ?? "labels and environment",
    engines: settings.engines.map((engine) =>
      "url" in engine ? `${engine.name} ${engine.url}` : engine.name,
    ),
  });
  if (!settings.trustedProxiesSet) {
    log.info(
      "trusted_proxies_default",
      "forwarded headers count from loopback and private addresses; set trusted_proxies to your proxy's own",
    );
  }
}
