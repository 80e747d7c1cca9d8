import type { PublishOptions, PublishTarget, Warn } from "../input.ts";
import type { Json, JsonObject } from "../json.ts";
import type { LabelPart, LabelParts } from "../labels/parts.ts";
import { computedTcpPriority, priorityAbove } from "../priority.ts";
import { providerOf, withProvider, type LabelProvider } from "../provider-name.ts";
import { groupOf, textsOf, type References } from "../references.ts";
import { ruleOfNames } from "./rules.ts";
import type { TcpService } from "./services.ts";

/** A TCP router as it is published. */
export interface TcpRouter {
  /** Of the label, or the target's name. */
  readonly name: string;
  /** Without its service. */
  readonly value: JsonObject;
  readonly service: Extract<TcpService, { value: unknown }>;
}

/** What routers of one target are made with. */
export interface TcpRouterContext {
  readonly target: PublishTarget;
  readonly parts: LabelParts;
  readonly services: ReadonlyMap<string, TcpService>;
  readonly middlewares: References;
  readonly options: PublishOptions;
  readonly warn: Warn;
}

/** The routers of a target: those of its labels, else one for the entry points that it is given. */
export function tcpRouters(context: TcpRouterContext): readonly TcpRouter[] {
  const { parts } = context;
  const made = parts.any
    ? [...parts.routers.values()].map((part) => labelled(context, part))
    : [unlabelled(context)];
  return made.filter((router) => router !== undefined);
}

/** A bad one is left out alone: connections go where Traefik's own router leads them, and wake nothing. */
function labelled(context: TcpRouterContext, part: LabelPart): TcpRouter | undefined {
  const { target, middlewares, warn } = context;
  const leaveOut = (label: string, message: string): undefined => {
    const left = `the TCP router ${part.name} is left to Traefik and wakes nothing: ${message}`;
    warn(label, target.labels[label], left);
    return undefined;
  };
  const [fault] = part.faults;
  if (fault) return leaveOut(fault.label, fault.message);
  const { service: written, middlewares: chain, priority, tls, rule, ...rest } = part.value;
  if (typeof rule !== "string") return leaveOut(part.label, "it has no rule");
  const service = serviceOf(context, written);
  if ("problem" in service) return leaveOut(part.label, service.problem);
  const { protocol } = service.listener;
  const names = (protocol ?? target.spec.stream?.protocol) === "tls";
  if (names && groupOf(tls)["passthrough"] !== true) {
    return leaveOut(
      part.label,
      "its listener tells targets apart by TLS names, which end in Traefik here: set tls.passthrough, or stream.protocol to tcp",
    );
  }
  const found = textsOf(chain).map((name) => middlewares.resolve(target.spec.name, name));
  const broken = found.find((one) => "broken" in one);
  if (broken && "broken" in broken)
    return leaveOut(part.label, `its middleware ${broken.broken.name} is left out`);
  const used = found.flatMap((one) => ("name" in one ? one.name : []));
  const value: JsonObject = {
    ...rest,
    rule,
    priority: priorityAbove(priority, computedTcpPriority(rule)),
    ...(used.length > 0 ? { middlewares: used } : {}),
    ...(tls === undefined ? {} : { tls: tlsOf(groupOf(tls), providerOf(target, context.options.version)) }),
  };
  return { name: part.name, value, service };
}

/** A target without labels, on the entry points that the file names for it. */
function unlabelled({ target, services, options, warn }: TcpRouterContext): TcpRouter | undefined {
  const { name, traefik, tcp = [], stream } = target.spec;
  const entryPoints = traefik?.tcpEntryPoints ?? [];
  if (entryPoints.length === 0) return undefined;
  const key = "traefik.tcp_entrypoints";
  if (tcp.length > 1) {
    warn(
      key,
      undefined,
      "is left out: the target has several listeners. Give each a router of its own by labels",
    );
    return undefined;
  }
  const service = services.get(name);
  if (!service || "problem" in service) {
    warn(key, undefined, `is left out: ${service?.problem ?? "there is no listener"}`);
    return undefined;
  }
  const { protocol = stream?.protocol, names = stream?.names ?? [] } = service.listener;
  const passed = protocol === "tls";
  const rule = passed && names.length > 0 ? ruleOfNames(names, options.version) : "HostSNI(`*`)";
  const value: JsonObject = {
    rule,
    entryPoints,
    priority: priorityAbove(undefined, computedTcpPriority(rule)),
    ...(passed ? { tls: { passthrough: true } } : {}),
  };
  return { name, value, service };
}

function serviceOf(
  { services, parts }: TcpRouterContext,
  written: Json | undefined,
): TcpRouter["service"] | { readonly problem: string } {
  const plain =
    typeof written === "string" ? written.replace(/@(?:docker|swarm)$/, "").toLowerCase() : undefined;
  if (plain === undefined && parts.services.size > 1) {
    return { problem: "several services are here: name one in its service label" };
  }
  const service = plain === undefined ? [...services.values()][0] : services.get(plain);
  return service ?? { problem: `its service ${plain ?? ""} is not of this container` };
}

/** Options are defined in files alone; `default` belongs to nobody. */
function tlsOf(tls: JsonObject, provider: LabelProvider): JsonObject {
  const { options } = tls;
  return typeof options === "string" && options !== "default"
    ? { ...tls, options: withProvider(options, provider) }
    : tls;
}
