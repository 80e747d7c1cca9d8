import { isGroup, type FieldGroup, type FieldSpec, type FieldTable, type FieldType } from "./fields.ts";
import type { Json, JsonObject } from "../json.ts";
import { anyLabel, type LabelNode } from "./label-tree.ts";
import { readBool, readDuration, readInt, readList } from "./values.ts";
import { atLeast, formatVersion, parseVersion, type TraefikVersion } from "../version.ts";

/** A label that Traefik would refuse, and with it the whole document. */
export interface Fault {
  readonly label: string;
  readonly value?: string;
  readonly message: string;
}

/** What a part of the labels says, or everything that is wrong with it. */
export interface FieldsReading {
  readonly value: JsonObject;
  readonly faults: readonly Fault[];
}

/** Reads a node by a table, as strictly as Traefik reads a document. Names come out as Traefik writes them. */
export function readFields(node: LabelNode, table: FieldTable, version: TraefikVersion): FieldsReading {
  const reader = new FieldReader(version);
  const value = reader.group(node, table);
  return { value, faults: reader.faults };
}

class FieldReader {
  readonly faults: Fault[] = [];
  readonly #version: TraefikVersion;

  constructor(version: TraefikVersion) {
    this.#version = version;
  }

  group(node: LabelNode, table: FieldTable): JsonObject {
    const result: Record<string, Json> = {};
    for (const [written, child] of node.children) {
      const known = Object.keys(table).find((name) => name.toLowerCase() === written.toLowerCase());
      const spec = known === undefined ? undefined : table[known];
      if (known === undefined || spec === undefined) {
        this.#fault(child, `Traefik knows no ${written} here`);
        continue;
      }
      const value = this.#field(child, spec);
      if (value !== undefined) result[known] = value;
    }
    return result;
  }

  #field(node: LabelNode, spec: FieldSpec): Json | undefined {
    if (typeof spec === "string") {
      const [type = "", since] = spec.split("@");
      return this.#isKnown(node, since) ? this.#simple(node, type as FieldType) : undefined;
    }
    if (!isGroup(spec)) return this.#nested(node, { fields: spec });
    return this.#isKnown(node, spec.since) ? this.#nested(node, spec) : undefined;
  }

  #nested(node: LabelNode, { fields, empty, many }: FieldGroup): Json | undefined {
    if (many) return this.#many(node, fields);
    if (node.children.size > 0) {
      const value = this.group(node, fields);
      return Object.keys(value).length > 0 || empty ? value : undefined;
    }
    if (!empty) return this.#fault(node, "expected one of its fields, not a value of its own");
    return (node.value ?? "").trim() === "" || node.value?.trim().toLowerCase() === "true" ? {} : undefined;
  }

  #many(node: LabelNode, fields: FieldTable): Json | undefined {
    const items: [number, JsonObject][] = [];
    for (const [name, child] of node.children) {
      const index = /^\[(\d+)\]$/.exec(name)?.[1];
      if (index === undefined) return this.#fault(child, "expected a number in brackets, such as [0]");
      const value = this.group(child, fields);
      if (Object.keys(value).length > 0) items.push([Number(index), value]);
    }
    return items.length > 0 ? items.sort(([a], [b]) => a - b).map(([, value]) => value) : undefined;
  }

  #simple(node: LabelNode, type: FieldType): Json | undefined {
    const written = node.value ?? "";
    if (type === "map" || type === "numbers") return this.#map(node, type === "numbers");
    if (type === "tree") return tree(node);
    if (node.children.size > 0) return this.#fault(node, "expected a value, not fields below it");
    const text = written.trim();
    switch (type) {
      case "text":
        return written === "" ? undefined : written;
      case "list": {
        const list = readList(written);
        return list.length > 0 ? list : undefined;
      }
      case "bool":
        return text === "" ? undefined : (readBool(text) ?? this.#fault(node, "expected true or false"));
      case "int":
        return text === "" ? undefined : (readInt(text) ?? this.#fault(node, "expected a whole number"));
      case "duration":
        return text === ""
          ? undefined
          : (readDuration(text) ?? this.#fault(node, "expected a duration such as 10s"));
    }
  }

  #map(node: LabelNode, numbers: boolean): Json | undefined {
    const result: Record<string, Json> = {};
    for (const [name, child] of node.children) {
      const written = child.value ?? "";
      const value = numbers ? readInt(written.trim()) : written;
      if (value === undefined) this.#fault(child, "expected a whole number");
      else result[name] = value;
    }
    if (node.children.size === 0) return this.#fault(node, "expected a name below it");
    return Object.keys(result).length > 0 ? result : undefined;
  }

  #isKnown(node: LabelNode, since: string | undefined): boolean {
    const needed = since === undefined ? undefined : parseVersion(since);
    if (!needed || atLeast(this.#version, needed)) return true;
    const now = formatVersion(this.#version);
    const needs = formatVersion(needed);
    this.#fault(
      node,
      `needs Traefik ${needs}, and publish.traefik.version is ${now}: set it to "${needs}" or later if your Traefik is`,
    );
    return false;
  }

  #fault(node: LabelNode, message: string): undefined {
    const value = node.value === undefined ? {} : { value: node.value };
    this.faults.push({ label: anyLabel(node) ?? "", ...value, message });
    return undefined;
  }
}

/** Whatever it is: settings of a plugin, which only the plugin reads. */
function tree(node: LabelNode): Json | undefined {
  if (node.children.size === 0) return node.value ?? "";
  const names = [...node.children.keys()];
  if (names.every((name) => /^\[\d+\]$/.test(name))) {
    return [...node.children.values()].map((child) => tree(child) ?? "");
  }
  return Object.fromEntries([...node.children].map(([name, child]) => [name, tree(child) ?? ""]));
}
