import type { JsonObject } from "../json.ts";
import type { PublishTarget, Warn } from "../input.ts";
import type { FieldTable } from "./fields.ts";
import { anyLabel, childOf, labelTree, type LabelNode } from "./label-tree.ts";
import { readFields, type Fault } from "./read-fields.ts";
import type { TraefikVersion } from "../version.ts";

/** A router, service or middleware of a container's labels. */
export interface LabelPart {
  /** As written in the label. */
  readonly name: string;
  readonly value: JsonObject;
  /** What Traefik would refuse the whole document for; a part with faults is not published. */
  readonly faults: readonly Fault[];
  readonly label: string;
}

/** All that the labels of one target define for one protocol. Keys are names in lower case. */
export interface LabelParts {
  readonly routers: ReadonlyMap<string, LabelPart>;
  readonly services: ReadonlyMap<string, LabelPart>;
  readonly middlewares: ReadonlyMap<string, LabelPart>;
  /** True when there is any label of Traefik's that speaks of this protocol. */
  readonly any: boolean;
}

/** The fields that Traefik knows of one protocol. */
export interface ProtocolTables {
  readonly protocol: "http" | "tcp";
  readonly routers: FieldTable;
  readonly services: FieldTable;
  readonly middlewares: FieldTable;
}

const PREFIX = "traefik.";

/** Reads what a target's labels define of one protocol. Never throws. */
export function readParts(
  target: PublishTarget,
  tables: ProtocolTables,
  version: TraefikVersion,
  warn: Warn,
): LabelParts {
  const root = childOf(labelTree(target.labels, PREFIX), tables.protocol) ?? { children: new Map() };
  for (const [name, node] of root.children) {
    if (["routers", "services", "middlewares"].includes(name.toLowerCase())) continue;
    const label = anyLabel(node) ?? "";
    warn(label, target.labels[label], "is left out: labels define routers, services and middlewares");
  }
  const read = (kind: "routers" | "services" | "middlewares"): ReadonlyMap<string, LabelPart> =>
    readKind(childOf(root, kind), tables[kind], version, target, warn);
  return {
    routers: read("routers"),
    services: read("services"),
    middlewares: read("middlewares"),
    any: root.children.size > 0,
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
