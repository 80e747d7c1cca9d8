import type { Problem } from "../../config/model.ts";
import type { Published, PublishOptions, PublishTarget, Warn } from "./input.ts";
import { toText, withoutEmpty, type JsonObject } from "./json.ts";
import { ownCopy, type Lookups } from "./middlewares.ts";
import { Names } from "./names.ts";
import {
  eventRouters,
  failOpenParts,
  gateMiddleware,
  publicService,
  PUBLIC_SERVICE,
  RESERVED,
} from "./own.ts";
import { readParts, type LabelPart, type LabelParts } from "./parts.ts";
import { providerOf, type LabelProvider } from "./provider-name.ts";
import { References } from "./references.ts";
import { ownRouters, type OwnRouter } from "./routers.ts";
import { serverUrl } from "./server-url.ts";
import { ownService } from "./services.ts";

/**
 * Makes Traefik's dynamic configuration out of the targets' own labels: the same routers one priority higher,
 * with a static address of the app behind them and Wakegate's question before it. Pure: it knows nothing of
 * who sleeps, and the same targets in any order give the same bytes.
 */
export function publish(targets: readonly PublishTarget[], options: PublishOptions): Published {
  const sorted = [...targets]
    .filter(({ spec }) => spec.traefik?.publish !== false)
    .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  const warnings = new Map<string, Problem>();
  const warnFor =
    ({ where }: PublishTarget): Warn =>
    (key, value, message) => {
      const problem: Problem = {
        severity: "warning",
        where,
        key,
        message,
        ...(value === undefined ? {} : { value }),
      };
      warnings.set([where, key, message].join("\n"), problem);
    };
  const parts = new Map(
    sorted.map((target) => [target.spec.name, readParts(target, options.version, warnFor(target))] as const),
  );
  const names = namesOf(sorted, parts);
  const providers = new Map(sorted.map((target) => [target.spec.name, providerOf(target, options.version)]));
  const provider = (name: string): LabelProvider => providers.get(name) ?? "docker";
  const lookups: Lookups = {
    services: new References("services", parts, names.services, provider),
    middlewares: new References("middlewares", parts, names.middlewares, provider),
    provider,
  };

  const routers: Record<string, JsonObject> = {};
  const services: Record<string, JsonObject> = {};
  const middlewares: Record<string, JsonObject> = {};
  const published: { readonly target: PublishTarget; readonly router: OwnRouter }[] = [];
  for (const target of sorted) {
    const { name } = target.spec;
    const own = parts.get(name) ?? readParts(target, options.version, () => undefined);
    const warn = warnFor(target);
    for (const part of own.middlewares.values()) {
      const copy = ownCopy(name, part, lookups);
      if ("value" in copy) middlewares[names.middlewares.of(name, part.name)] = copy.value;
      else if (copy.broken === part) tellFaults(part, warn);
    }
    const found = servicesOf(target, own, lookups, names.services, warn);
    const gate = `wakegate-${name}`;
    const context = { target, parts: own, options, lookups, gate, services: found.byLabel, warn };
    const made = ownRouters(context);
    if (made.length > 0) middlewares[gate] = gateMiddleware(name, options);
    if (made.length > 0 || own.services.size > 0) Object.assign(services, found.values);
    for (const router of made) {
      routers[names.routers.of(name, router.name)] = router.value;
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
  return {
    text: toText(withoutEmpty({ http: withoutEmpty({ routers, services, middlewares }) })),
    warnings: [...warnings.values()],
  };
}

interface AllNames {
  readonly routers: Names;
  readonly services: Names;
  readonly middlewares: Names;
}

function namesOf(targets: readonly PublishTarget[], parts: ReadonlyMap<string, LabelParts>): AllNames {
  const gates = targets.map(({ spec }) => `wakegate-${spec.name}`);
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

function tellFaults(part: LabelPart, warn: Warn): void {
  for (const { label, value, message } of part.faults)
    warn(label, value, `the middleware ${part.name} is not published: ${message}`);
}
