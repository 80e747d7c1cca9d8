import type { PublishOptions, PublishTarget, Section, Warn } from "../input.ts";
import type { JsonObject } from "../json.ts";
import { readParts, type LabelParts } from "../labels/parts.ts";
import { Names } from "../names.ts";
import { providersOf } from "../provider-name.ts";
import { References, tellFaults } from "../references.ts";
import { TCP_TABLES } from "./fields.ts";
import { tcpRouters } from "./routers.ts";
import { tcpServices } from "./services.ts";

/**
 * The TCP section: the same routers one priority higher, leading to the listener of Wakegate's that wakes the
 * target. Traefik asks nobody about a connection, so what has no listener stays with Traefik. The targets come
 * sorted.
 */
export function publishTcp(
  targets: readonly PublishTarget[],
  options: PublishOptions,
  warnFor: (target: PublishTarget) => Warn,
): Section {
  const parts = new Map(
    targets.map((target) => {
      return [target.spec.name, readParts(target, TCP_TABLES, options.version, warnFor(target))] as const;
    }),
  );
  const names: AllNames = { routers: new Names([]), services: new Names([]), middlewares: new Names([]) };
  for (const [target, own] of parts) claimAll(target, own, names);
  const known = new References(
    "middlewares",
    parts,
    names.middlewares,
    providersOf(targets, options.version),
  );
  const routers: Record<string, JsonObject> = {};
  const services: Record<string, JsonObject> = {};
  const middlewares: Record<string, JsonObject> = {};
  for (const target of targets) {
    const { name } = target.spec;
    const own = parts.get(name);
    if (!own) continue;
    const warn = warnFor(target);
    for (const part of own.middlewares.values()) {
      if (part.faults.length > 0) tellFaults(part, warn);
      else middlewares[names.middlewares.of(name, part.name)] = part.value;
    }
    const found = tcpServices(target, own, options, warn);
    const context = { target, parts: own, services: found, middlewares: known, options, warn };
    for (const router of tcpRouters(context)) {
      const service = names.services.of(name, router.service.name);
      services[service] = router.service.value;
      routers[names.routers.of(name, router.name)] = { ...router.value, service };
    }
  }
  return { routers, services, middlewares };
}

interface AllNames {
  readonly routers: Names;
  readonly services: Names;
  readonly middlewares: Names;
}

function claimAll(target: string, parts: LabelParts, names: AllNames): void {
  for (const kind of ["routers", "services", "middlewares"] as const) {
    for (const { name } of parts[kind].values()) names[kind].claim(target, name);
  }
  if (parts.routers.size === 0) names.routers.claim(target, target);
  if (parts.services.size === 0) names.services.claim(target, target);
}
