import type { Json, JsonObject } from "../json.ts";
import type { PublishOptions, PublishTarget, Warn } from "../input.ts";
import { placeInChain, type Lookups } from "./middlewares.ts";
import type { LabelPart, LabelParts } from "../labels/parts.ts";
import { computedPriority, priorityAbove } from "../priority.ts";
import { withProvider, type LabelProvider } from "../provider-name.ts";
import { groupOf, textsOf } from "../references.ts";
import { ruleOfRoutes } from "./rules.ts";

/** A router as it is published. */
export interface OwnRouter {
  /** Of the label, or the target's name. */
  readonly name: string;
  readonly value: JsonObject;
  readonly rule: string;
  readonly entryPoints: readonly string[];
  readonly tls?: JsonObject;
}

/** What routers of one target are made with. */
export interface RouterContext {
  readonly target: PublishTarget;
  readonly parts: LabelParts;
  readonly options: PublishOptions;
  readonly lookups: Lookups;
  /** Name of our middleware for this target. */
  readonly gate: string;
  /** Name of the service in the document, by the label's name in lower case; the empty name is the only one. */
  readonly services: ReadonlyMap<string, string>;
  readonly warn: Warn;
}

/** The routers of a target: those of its labels, else one for its hosts. A bad one is left out alone. */
export function ownRouters(context: RouterContext): readonly OwnRouter[] {
  const { parts } = context;
  if (parts.routers.size === 0) return unlabelled(context);
  return [...parts.routers.values()].flatMap((part): OwnRouter[] => {
    const router = labelled(context, part);
    return router ? [router] : [];
  });
}

function labelled(context: RouterContext, part: LabelPart): OwnRouter | undefined {
  const { target, options, lookups, warn, parts, services } = context;
  const leaveOut = (label: string, message: string): undefined => {
    warn(label, target.labels[label], `the router ${part.name} is not published: ${message}`);
    return undefined;
  };
  const [fault] = part.faults;
  if (fault) return leaveOut(fault.label, fault.message);
  const rule = text(part.value["rule"]) ?? ruleOfRoutes(target.spec.routes, options.version);
  if (rule === undefined) return leaveOut(part.label, "it has no rule, and no host is known: set its rule");
  const written = text(part.value["service"]);
  if (written === undefined && parts.services.size > 1) {
    return leaveOut(part.label, `several services are here: name one in ${part.name}.service`);
  }
  const service = serviceOf(context, written);
  if (typeof service !== "string") return leaveOut(service.label, service.message);
  const chain = placeInChain(
    target.spec.name,
    textsOf(part.value["middlewares"]),
    context.gate,
    context.lookups,
  );
  if ("broken" in chain) {
    const [why] = chain.broken.faults;
    return leaveOut(
      why?.label ?? chain.broken.label,
      `its middleware ${chain.broken.name}: ${why?.message ?? ""}`,
    );
  }
  if (written === undefined && !services.has("")) return undefined;
  const tls =
    part.value["tls"] === undefined
      ? undefined
      : tlsOf(groupOf(part.value["tls"]), lookups.provider(target.spec.name));
  const entryPoints = textsOf(part.value["entryPoints"]);
  const { middlewares: _middlewares, priority, ...rest } = part.value;
  const value: JsonObject = {
    ...rest,
    rule,
    service,
    middlewares: chain.names,
    priority: priorityAbove(priority, computedPriority(rule)),
    ...(tls ? { tls } : {}),
  };
  return { name: part.name, value, rule, entryPoints, ...(tls ? { tls } : {}) };
}

/** Hosts without labels of Traefik's: an LXC, a VM, another machine, or a container labelled for us alone. */
function unlabelled(context: RouterContext): readonly OwnRouter[] {
  const { target, options, parts, lookups, gate, services, warn } = context;
  const { spec } = target;
  const own = spec.traefik ?? {};
  const entryPoints = own.entryPoints ?? options.entryPoints;
  const meant =
    parts.any || (target.labels["traefik.enable"]?.toLowerCase() === "true" && !streamsAlone(target));
  const rule = ruleOfRoutes(spec.routes, options.version);
  if (rule === undefined || (entryPoints.length === 0 && !meant)) return [];
  const service = services.get("");
  if (service === undefined) {
    if (parts.services.size > 1)
      warn("traefik.http.routers", undefined, "several services and no router are here");
    return [];
  }
  const certResolver = own.certResolver ?? options.certResolver;
  const chain = (own.middlewares ?? options.middlewares).map((name) =>
    withProvider(name, lookups.provider(spec.name)),
  );
  const tls = certResolver === undefined ? undefined : { certResolver };
  const value: JsonObject = {
    rule,
    service,
    middlewares: [...chain, gate],
    priority: priorityAbove(undefined, computedPriority(rule)),
    ...(entryPoints.length > 0 ? { entryPoints } : {}),
    ...(tls ? { tls } : {}),
  };
  return [{ name: spec.name, value, rule, entryPoints, ...(tls ? { tls } : {}) }];
}

function serviceOf(
  { target, parts, services, lookups }: RouterContext,
  written: string | undefined,
): string | { readonly label: string; readonly message: string } {
  const plain = written?.replace(/@(?:docker|swarm)$/, "").toLowerCase() ?? "";
  const own = services.get(plain);
  if (own !== undefined) return own;
  const part = written === undefined ? [...parts.services.values()][0] : parts.services.get(plain);
  if (part) return { label: part.label, message: `its service ${part.name} is left out` };
  if (written === undefined) return { label: "", message: "its service is left out" };
  const found = lookups.services.resolve(target.spec.name, written);
  return "broken" in found
    ? { label: found.broken.label, message: `its service ${found.broken.name} is left out` }
    : found.name;
}

/** Labels that speak of TCP or UDP alone: Traefik makes no HTTP router of its own for these either. */
function streamsAlone({ labels }: PublishTarget): boolean {
  return Object.keys(labels).some((label) => /^traefik\.(?:tcp|udp)\.(?:routers|services)\./i.test(label));
}

/** Options are defined in files alone; `default` belongs to nobody. */
function tlsOf(tls: JsonObject, provider: LabelProvider): JsonObject {
  const options = text(tls["options"]);
  if (options === undefined || options === "default") return tls;
  return { ...tls, options: withProvider(options, provider) };
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
