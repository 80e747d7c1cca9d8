import * as z from "zod";
import type { Problem, RouteSpec } from "../model.ts";
import { problemsOf } from "../file/issues.ts";
import { labelsSchema, type LabelsLayer } from "../schema/target.ts";
import { coerce, inputOf, labelPaths, schemaAt, shapeOf } from "../schema/walk.ts";
import { parseHostPattern } from "../values/host-pattern.ts";
import { didYouMean } from "../values/suggest.ts";

/** Beginning of all labels that are ours. */
export const LABEL_PREFIX = "wakegate.";

/** What a container's own `wakegate.*` labels say. */
export interface WakegateLabels {
  /** Empty when there are problems. */
  readonly layer: LabelsLayer;
  readonly problems: readonly Problem[];
  /** True when at least one label is ours. */
  readonly any: boolean;
  readonly enable: "on" | "off" | "unset";
  /** The hosts that could be read even if other labels are bad. */
  readonly routes: readonly RouteSpec[];
}

/** What these keys are in the file but may not be in labels, which everybody who may start containers can write. */
const FILE_ONLY: Readonly<Record<string, string | undefined>> = {
  docker: "belongs to the file: a label speaks of its own container only",
  proxmox: "belongs to the file: tags and notes speak of their own guest only",
  process: "belongs to the file: labels may not define programs",
  command: "belongs to the file: labels may not define programs",
  wol: "belongs to the file: labels speak of their own container only",
  swarm: "belongs to the file: labels under deploy.labels speak of their own service",
  kubernetes: "belongs to the file: annotations speak of their own workload",
  providers: "belongs to the file: labels may not define engines",
  "busy_check.exec": "belongs to the file: labels may not define programs",
  "busy_check.http.regex": "belongs to the file: an expression can be made to take for ever",
  url: "labels may not lead to foreign URLs: wakegate.address takes host or host:port",
};

/** Reads `wakegate.*` labels by the same schema as the file. Never throws. */
export function readWakegateLabels(labels: Readonly<Record<string, string>>, where: string): WakegateLabels {
  const problems: Problem[] = [];
  const report = (key: string, value: string, message: string): void => {
    problems.push({ severity: "error", where, key, value, message });
  };
  const raw: Record<string, unknown> = {};
  const own = Object.keys(labels)
    .filter((name) => name.startsWith(LABEL_PREFIX))
    .sort();
  for (const name of own) {
    const written = labels[name] ?? "";
    const path = name.slice(LABEL_PREFIX.length).split(".");
    const schema = schemaAt(labelsSchema, path);
    if (!schema) report(name, written, unknownMessage(name, path));
    else if (shapeOf(schema))
      report(
        name,
        written,
        `is a group: write ${Object.keys(shapeOf(schema) ?? {})
          .map((key) => `${name}.${key}`)
          .join(", ")}`,
      );
    else if (inputOf(schema) instanceof z.ZodRecord) report(name, written, recordMessage(name, path));
    else put(raw, path, coerce(schema, written));
  }
  const parsed = labelsSchema.safeParse(raw, { reportInput: true });
  if (!parsed.success) {
    problems.push(
      ...problemsOf(labelsSchema, parsed.error.issues, {
        where: () => where,
        whereKey: () => where,
        written: (path) => labels[labelName(path)],
        keyName: labelName,
      }),
    );
  }
  return {
    layer: parsed.success && problems.length === 0 ? parsed.data : {},
    problems,
    any: own.length > 0,
    enable: readEnable(labels["wakegate.enable"]),
    routes: readableRoutes(labels["wakegate.hosts"]),
  };
}

function put(raw: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = "", ...rest] = path;
  if (rest.length === 0) raw[first] = value;
  else {
    const group = { ...(raw[first] as Record<string, unknown> | undefined) };
    put(group, rest, value);
    raw[first] = group;
  }
}

function recordMessage(name: string, path: readonly string[]): string {
  const below = labelPaths(labelsSchema)
    .filter((leaf) => leaf.length > path.length && leaf[0] === path[0])
    .map((leaf) => LABEL_PREFIX + leaf.join("."));
  return `is a group of names: write ${path.length > 1 ? `${name}.NAME` : below.join(", ")}`;
}

function labelName(path: readonly PropertyKey[]): string {
  return LABEL_PREFIX + path.filter((part) => typeof part === "string").join(".");
}

function unknownMessage(name: string, path: readonly string[]): string {
  for (const key of [path[0] ?? "", path.join(".")]) {
    const refused = Object.hasOwn(FILE_ONLY, key) ? FILE_ONLY[key] : undefined;
    if (refused !== undefined) return refused;
  }
  const known = labelPaths(labelsSchema).map((leaf) => LABEL_PREFIX + leaf.join("."));
  return `unknown label${didYouMean(name, known) || "; the reference lists them all"}`;
}

function readEnable(written: string | undefined): WakegateLabels["enable"] {
  const word = written?.trim().toLowerCase();
  return word === "true" ? "on" : word === undefined ? "unset" : "off";
}

function readableRoutes(written: string | undefined): readonly RouteSpec[] {
  const items = written?.split(/[\s,]+/).filter((item) => item !== "") ?? [];
  return items.flatMap((item) => {
    const parsed = parseHostPattern(item);
    return parsed.ok ? [parsed.value] : [];
  });
}
