import { messageOf } from "./errors.ts";
import { createAdmin } from "./admin/admin.ts";
import { Doctor } from "./doctor/doctor.ts";
import { Meter } from "./admin/metrics/meter.ts";
import { meteredProvider } from "./admin/metrics/metered-provider.ts";
import type { Reload } from "./admin/parts.ts";
import type { ProcessSpec, Settings } from "./config/model.ts";
import type { EngineSpec } from "./config/model/engine.ts";
import type { ListenAddress } from "./config/model/stream.ts";
import { diffSettings } from "./config/reload.ts";
import { createForwardAuth, type ForwardAuth } from "./forward-auth/forward-auth.ts";
import { createPageRenderer } from "./forward-auth/page/render.ts";
import { loadOrCreateKey, saveKey } from "./forward-auth/token-key.ts";
import { createInternalApp } from "./http/internal-app.ts";
import { lazyHandler } from "./http/lazy-handler.ts";
import { openListener } from "./http/listener.ts";
import { systemClock, type Clock } from "./lib/clock.ts";
import { AsyncStack } from "./lib/disposables.ts";
import { isolatedLog, reportObserverErrors } from "./lib/isolate.ts";
import type { Log } from "./lib/log.ts";
import { silentLog } from "./lib/log.ts";
import { expectedOn } from "./config/expected.ts";
import { openInside, openProcessProvider, openProvider } from "./providers/open.ts";
import type { ProcessProvider } from "./providers/process/provider.ts";
import type { Provider } from "./providers/provider.ts";
import { Streams } from "./stream/streams.ts";
import { TraefikPolls } from "./publish/traefik/polls.ts";
import { TraefikPublisher } from "./publish/traefik/publisher.ts";
import { openFileStore } from "./store/file-store.ts";
import { openRunLog } from "./store/run-log.ts";
import type { OpenReplicas } from "./replicas/replicas.ts";
import type { Store } from "./store/store.ts";
import { keepJournal } from "./watchers/journal.ts";
import { Registry } from "./watchers/registry/registry.ts";
import { version } from "./version.ts";

/** What the service is made of. Everything but the settings can be left to the defaults. */
export interface ServiceOptions {
  readonly settings: Settings;
  readonly clock?: Clock;
  /** Default: silent. */
  readonly log?: Log;
  /** Default: the state file in the settings' folder. The service disposes it. */
  readonly store?: Store;
  /** Opens an engine. Default: by its kind. */
  readonly openEngine?: (spec: EngineSpec) => Promise<Provider>;
  /** Reads the configuration anew, for the API. */
  readonly reload?: Reload;
}

/** A running Wakegate. Disposing ends it in good order and leaves running apps alone. */
export interface Service extends AsyncDisposable {
  /** Where the internal listener listens. */
  readonly internal: ListenAddress;
  readonly public: ListenAddress;
  readonly registry: Registry;
  readonly forwardAuth: ForwardAuth;
  /** The TCP and UDP listeners of targets. */
  readonly streams: Streams;
  /** Takes over changed settings; only what differs notices. Resolves to the keys that need a restart. */
  reconfigure(settings: Settings): Promise<readonly string[]>;
}

/**
 * Puts all parts together and starts them: store, watchers, forward-auth, listeners. An engine that is down
 * does not keep the service from starting.
 *
 * @throws WakegateError `state_unwritable`, `listen_failed`, `template_invalid`; what was opened is closed then.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { clock = systemClock } = options;
  const log = isolatedLog(options.log ?? silentLog);
  let { settings } = options;
  await using opening = new AsyncStack();
  opening.use(
    reportObserverErrors((error) =>
      log.error("observer_failed", `A part that only observes failed: ${messageOf(error)}`, { err: error }),
    ),
  );

  const files = opening.use(options.store ?? (await openFileStore({ dir: settings.stateDir, clock, log })));
  const key = await loadOrCreateKey(settings.stateDir);
  const runs = opening.use(await openRunLog({ dir: settings.stateDir, clock, log }));
  const shared = await shareBy(settings, files, key, { clock, log });
  const store = shared?.store ?? files;
  const replicas = shared && opening.use(shared.replicas);
  const procDir = process.env["WAKEGATE_PROC_DIR"] ?? "/proc";
  const registry = opening.use(
    new Registry({
      settings,
      clock,
      store,
      log,
      procDir,
      ...(replicas && { coordination: replicas }),
    }),
  );
  replicas?.attach(registry);
  opening.use(keepJournal(registry, log));

  const providerLog: Parameters<typeof openProvider>[1]["log"] = (level, message, data) =>
    log[level]("engine", message, data);
  const { stateDir } = settings;
  const openOne = options.openEngine ?? ((spec) => openProvider(spec, { clock, log: providerLog, stateDir }));
  const meter = new Meter();
  const openEngine = async (spec: EngineSpec, by: Settings): Promise<Provider> => {
    const provider = meteredProvider(await openOne(spec), meter);
    if (!("inside" in spec) || spec.inside === undefined) return provider;
    const machine = registry.machine(spec.inside);
    return openInside(provider, { clock, stateDir, machine, expected: expectedOn(spec.name, by) });
  };
  let processes: ProcessProvider | undefined;
  /** Opens what the processes of a configuration need; what it returns lets them count, and cannot fail. */
  const prepareProcesses = async (by: Settings): Promise<() => void> => {
    const specs = processSpecs(by);
    const known = processes;
    if (known) return () => known.configure(specs);
    if (specs.size === 0) return () => undefined;
    const opened = await openProcessProvider(specs, { clock, log: providerLog, stateDir });
    return () => {
      processes = opened;
      registry.addEngine(opened);
    };
  };
  for (const spec of settings.engines) registry.addEngine(await openEngine(spec, settings));
  (await prepareProcesses(settings))();

  const renderer = createPageRenderer({
    ...(settings.templatesDir !== undefined && { templatesDir: settings.templatesDir }),
    onProblem: (error) => log.error("template_invalid", error.message),
  });
  // On the stack here for a start that fails below, and again above the listeners; disposing twice is harmless.
  const forwardAuth = opening.use(
    createForwardAuth({ settings, directory: registry, clock, key, renderer, log }),
  );
  let publicPort = settings.publicListen.port;
  const publisher = opening.use(
    new TraefikPublisher({ source: registry, log, clock, publicPort: () => publicPort }),
  );
  const traefikPolls = new TraefikPolls();
  const doctor = new Doctor({
    registry,
    settings: () => settings,
    clock,
    probes: forwardAuth.probes,
    traefikPolls,
  });
  const streams = opening.use(await Streams.open({ directory: registry, clock, log }));
  const admin = opening.use(
    await createAdmin({
      settings,
      registry,
      ...(replicas && {
        replicas: () => replicas.status,
        mayTell: (key, withinMs) => replicas.mayTell(key, withinMs),
      }),
      store,
      clock,
      log,
      key,
      version: version(),
      ...(options.reload && { reload: options.reload }),
      meter,
      doctor,
      polls: (target) => forwardAuth.pollers.of(target),
      gaps: () => runs.gaps(),
      verdicts: () => forwardAuth.verdicts,
      shim: () => {
        const { up, down } = streams.bytes;
        return { sessions: streams.sessions, bytesUp: up, bytesDown: down };
      },
      visitors: () => ({ held: forwardAuth.held, streams: forwardAuth.streams }),
    }),
  );
  const internalApp = createInternalApp({
    forwardAuth,
    directory: registry,
    log,
    routes: async (router) => {
      const { addTraefikRoutes } = await import("./http/traefik-routes.ts");
      addTraefikRoutes(router, {
        publisher,
        settings: () => settings.traefik,
        polls: traefikPolls,
        clock,
      });
      const { addCaddyRoutes } = await import("./http/caddy-routes.ts");
      addCaddyRoutes(router, {
        ask: (url, peer, res) => forwardAuth.certificate(url, peer, res),
        count: (answer) => meter.inc("wakegate_certificate_questions_total", { answer }),
        log,
        clock,
      });
      await admin.routes(router);
    },
  });
  const internal = opening.use(
    await openListener({
      address: settings.listen,
      setting: "listen",
      clock,
      log,
      handle: (req, res) => {
        // Only who asks for verdicts, and may, is a proxy: others read figures, or the API.
        const peer = req.socket.remoteAddress;
        if (peer !== undefined && req.url?.startsWith("/api/authz/") === true && forwardAuth.trusts(peer))
          registry.noteAsker(peer);
        internalApp(req, res);
      },
    }),
  );
  const publicListener = opening.use(
    await openListener({
      address: settings.publicListen,
      setting: "public_listen",
      clock,
      log,
      handle: lazyHandler(
        async () => (await import("./http/public-app.ts")).createPublicApp({ forwardAuth, log }),
        log,
      ),
    }),
  );
  publicPort = publicListener.address.port;
  // Once more above the listeners on the stack: holds and streams end before the listeners close.
  opening.use(forwardAuth);
  opening.use(admin);

  const open = opening.move();
  return {
    internal: internal.address,
    public: publicListener.address,
    registry,
    forwardAuth,
    streams,
    async reconfigure(next) {
      const diff = diffSettings(settings, next);
      const { engines } = diff;
      // Everything that can fail comes first: until here the old configuration is in force as a whole.
      await using opened = new AsyncStack();
      const providers: Provider[] = [];
      for (const spec of next.engines) {
        if (engines.added.includes(spec.name) || engines.changed.includes(spec.name))
          providers.push(opened.use(await openEngine(spec, next)));
      }
      const startProcesses = await prepareProcesses(next);
      opened.move();
      settings = next;
      for (const name of [...engines.removed, ...engines.changed]) {
        // It is followed no longer by then: a connection that cannot be closed must not keep the rest from applying.
        await registry.removeEngine(name).catch((error: unknown) => {
          log.error("engine_not_closed", `engine ${name} could not be closed: ${messageOf(error)}`, {
            engine: name,
            err: error,
          });
        });
      }
      for (const provider of providers) registry.addEngine(provider);
      registry.configure(next);
      startProcesses();
      forwardAuth.reconfigure(next);
      await admin.reconfigure(next);
      return diff.restartNeeded;
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

/** Opens the shared store when replicas are configured. Their code is loaded only then. */
async function shareBy(
  { redis, stateDir }: Settings,
  files: Store,
  bytes: Uint8Array,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<OpenReplicas | undefined> {
  if (!redis) return undefined;
  const { openReplicas } = await import("./replicas/replicas.ts");
  const save = (shared: Uint8Array): Promise<void> => saveKey(stateDir, shared);
  return await openReplicas({ settings: redis, files, clock, log, key: { bytes, save } });
}

function processSpecs({ targets }: Settings): ReadonlyMap<string, ProcessSpec> {
  return new Map(
    targets.flatMap(({ name, source }) =>
      source.kind === "process" ? [[name, source.process] as const] : [],
    ),
  );
}
