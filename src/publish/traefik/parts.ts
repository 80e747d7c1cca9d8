import type { JsonObject } from "./json.ts";
import type { PublishTarget, Warn } from "./input.ts";
import { MIDDLEWARE_FIELDS } from "./fields-middleware.ts";
import { ROUTER_FIELDS, SERVICE_FIELDS } from "./fields-router.ts";
import type { FieldTable } from "./fields.ts";
import { anyLabel, childOf, labelTree, type LabelNode } from "./label-tree.ts";
import { readFields, type Fault } from "./read-fields.ts";
import type { TraefikVersion } from "./version.ts";

/** A router, service or middleware of a container's labels. */
export interface LabelPart {
  /** As written in the label. */
  readonly name: string;
  readonly value: JsonObject;
  /** What Traefik would refuse the whole document for; a part with faults is not published. */
  readonly faults: readonly Fault[];
  readonly label: string;
}

/** All that the labels of one target define. Keys are names in lower case. */
export interface LabelParts {
  readonly routers: ReadonlyMap<string, LabelPart>;
  readonly services: ReadonlyMap<string, LabelPart>;
  readonly middlewares: ReadonlyMap<string, LabelPart>;
  /** True when there is any label of Traefik's that speaks of HTTP. */
  readonly any: boolean;
}

const PREFIX = "traefik.";

/** Reads what a target's labels define for Traefik. Never throws. */
export function readParts(target: PublishTarget, version: TraefikVersion, warn: Warn): LabelParts {
  const traefik = labelTree(target.labels, PREFIX);
  const http = childOf(traefik, "http") ?? { children: new Map() };
  for (const protocol of ["tcp", "udp"]) {
    const label = anyLabel(childOf(traefik, protocol) ?? { children: new Map() });
    if (label === undefined) continue;
    const message = `${protocol.toUpperCase()} routers are left to Traefik: a connection to them wakes nothing`;
    warn(label, target.labels[label], message);
  }
  for (const [name, node] of http.children) {
    if (["routers", "services", "middlewares"].includes(name.toLowerCase())) continue;
    const label = anyLabel(node) ?? "";
    warn(label, target.labels[label], "is left out: labels define routers, services and middlewares");
  }
  const read = (kind: string, table: FieldTable): ReadonlyMap<string, LabelPart> =>
    readKind(childOf(http, kind), table, version, target, warn);
  return {
    routers: read("routers", ROUTER_FIELDS),
    services: read("services", SERVICE_FIELDS),
    middlewares: read("middlewares", MIDDLEWARE_FIELDS),
    any: http.children.size > 0,
  };
}

function readKind(
  node: LabelNode | undefined,
  table: FieldTable,
  version: TraefikVersion,
  target: PublishTarget,
  warn: Warn,
): ReadonlyMap<string, LabelPart> {
  const parts = new Map<string, LabelPart>();
  for (const [name, child] of node?.children ?? []) {
    const label = anyLabel(child) ?? "";
    if (child.children.size === 0 || !NAME.test(name)) {
      warn(label, target.labels[label], "is left out: expected a name and a field, such as blog.rule");
      continue;
    }
    const { value, faults } = readFields(child, table, version);
    const empty = Object.keys(value).length === 0 && faults.length === 0;
    parts.set(name.toLowerCase(), {
      name,
      label,
      value,
      faults: empty ? [{ label, message: "nothing is set" }] : faults,
    });
  }
  return parts;
}

/** An at sign would name a provider. */
const NAME = /^[^@\s[\]]{1,200}$/;
