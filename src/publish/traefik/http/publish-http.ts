import type { PublishOptions, PublishTarget, Section, Warn } from "../input.ts";
import type { JsonObject } from "../json.ts";
import { readParts, type LabelParts, type ProtocolTables } from "../labels/parts.ts";
import { Names } from "../names.ts";
import { providersOf } from "../provider-name.ts";
import { References, tellFaults } from "../references.ts";
import { MIDDLEWARE_FIELDS } from "./fields-middleware.ts";
import { ROUTER_FIELDS, SERVICE_FIELDS } from "./fields-router.ts";
import { ownCopy, type Lookups } from "./middlewares.ts";
import { canAnswerMonitors, greenMiddleware, monitorGate, monitorRouter } from "./monitors.ts";
import {
  eventRouters,
  failOpenParts,
  gateMiddleware,
  GREEN,
  publicService,
  PUBLIC_SERVICE,
  RESERVED,
} from "./own.ts";
import { ownRouters, type OwnRouter } from "./routers.ts";
import { serverUrl } from "./server-url.ts";
import { ownService } from "./services.ts";

const TABLES: ProtocolTables = {
  protocol: "http",
  routers: ROUTER_FIELDS,
  services: SERVICE_FIELDS,
  middlewares: MIDDLEWARE_FIELDS,
};

/**
 * The HTTP section: the same routers one priority higher, with a static address of the app behind them and
 * Wakegate's question before it. The targets come sorted.
 */
export function publishHttp(
  targets: readonly PublishTarget[],
  options: PublishOptions,
  warnFor: (target: PublishTarget) => Warn,
): Section {
  const parts = new Map(
    targets.map((target) => {
      return [target.spec.name, readParts(target, TABLES, options.version, warnFor(target))] as const;
    }),
  );
  const names = namesOf(targets, parts);
  const provider = providersOf(targets, options.version);
  const lookups: Lookups = {
    services: new References("services", parts, names.services, provider),
    middlewares: new References("middlewares", parts, names.middlewares, provider),
    provider,
  };
  const routers: Record<string, JsonObject> = {};
  const services: Record<string, JsonObject> = {};
  const middlewares: Record<string, JsonObject> = {};
  const published: { readonly target: PublishTarget; readonly router: OwnRouter }[] = [];
  for (const target of targets) {
    const { name } = target.spec;
    const own = parts.get(name);
    if (!own) continue;
    const warn = warnFor(target);
    for (const part of own.middlewares.values()) {
      const copy = ownCopy(name, part, lookups);
      if ("value" in copy) middlewares[names.middlewares.of(name, part.name)] = copy.value;
      else if (copy.broken === part) tellFaults(part, warn);
    }
    const found = target.broken ? nowhere(own) : servicesOf(target, own, lookups, names.services, warn);
    const gate = `wakegate-${name}`;
    const context = { target, parts: own, options, lookups, gate, services: found.byLabel, warn };
    const made = ownRouters(context);
    if (made.length > 0) middlewares[gate] = gateMiddleware(name, options);
    if (made.length > 0 || own.services.size > 0) Object.assign(services, found.values);
    const monitored =
      made.length > 0 && canAnswerMonitors(options) && target.spec.presets?.includes("monitors") === true;
    const monitorsGate = `wakegate_monitor-${name}`;
    if (monitored) middlewares[monitorsGate] = monitorGate(name, options);
    if (monitored) middlewares[GREEN] = greenMiddleware;
    for (const router of made) {
      const given = names.routers.of(name, router.name);
      routers[given] = router.value;
      if (monitored) routers[`wakegate_monitors-${given}`] = monitorRouter(router, gate, monitorsGate);
      published.push({ target, router });
    }
  }
  if (published.length > 0) {
    const named = published.map(({ target, router }) => ({
      ...router,
      name: names.routers.of(target.spec.name, router.name),
      warn: warnFor(target),
    }));
    Object.assign(routers, eventRouters(named));
    services[PUBLIC_SERVICE] = publicService(options);
    const failOpen = failOpenParts(options);
    Object.assign(routers, failOpen.routers);
    Object.assign(services, failOpen.services);
    Object.assign(middlewares, failOpen.middlewares);
  }
  return { routers, services, middlewares };
}

interface AllNames {
  readonly routers: Names;
  readonly services: Names;
  readonly middlewares: Names;
}

function namesOf(targets: readonly PublishTarget[], parts: ReadonlyMap<string, LabelParts>): AllNames {
  const gates = targets.flatMap(({ spec }) => [`wakegate-${spec.name}`, `wakegate_monitor-${spec.name}`]);
  const names = {
    routers: new Names(RESERVED),
    services: new Names(RESERVED),
    middlewares: new Names([...RESERVED, ...gates]),
  };
  for (const { spec } of targets) {
    const own = parts.get(spec.name);
    for (const kind of ["routers", "services", "middlewares"] as const) {
      for (const part of own?.[kind].values() ?? []) names[kind].claim(spec.name, part.name);
    }
    if (own?.routers.size === 0) names.routers.claim(spec.name, spec.name);
    if (own?.services.size === 0) names.services.claim(spec.name, spec.name);
  }
  return names;
}

interface FoundServices {
  /** By the label's name in lower case; the empty name is the one for routers that name none. */
  readonly byLabel: ReadonlyMap<string, string>;
  readonly values: Readonly<Record<string, JsonObject>>;
}

/** The question before it is never answered with yes; whatever stands behind it is not reached. */
function nowhere({ services }: LabelParts): FoundServices {
  const names = ["", ...services.keys()];
  return { byLabel: new Map(names.map((name) => [name, PUBLIC_SERVICE] as const)), values: {} };
}

function servicesOf(
  target: PublishTarget,
  parts: LabelParts,
  lookups: Lookups,
  names: Names,
  warn: Warn,
): FoundServices {
  const { name } = target.spec;
  const byLabel = new Map<string, string>();
  const values: Record<string, JsonObject> = {};
  if (parts.services.size === 0) {
    const found = serverUrl(target, undefined, undefined);
    if ("problem" in found) {
      if (parts.any || target.spec.routes.length > 0)
        warn("traefik", undefined, `not published: ${found.problem}`);
      return { byLabel, values };
    }
    byLabel.set("", names.of(name, name));
    values[names.of(name, name)] = { loadBalancer: { servers: [{ url: found.url }] } };
  }
  for (const [key, part] of parts.services) {
    const made = ownService(target, part, parts, lookups, warn);
    if ("problem" in made) {
      warn(made.key, target.labels[made.key], `the service ${part.name} is not published: ${made.problem}`);
      continue;
    }
    const given = names.of(name, part.name);
    values[given] = made.value;
    byLabel.set(key, given);
    if (parts.services.size === 1) byLabel.set("", given);
  }
  return { byLabel, values };
}
