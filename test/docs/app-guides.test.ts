import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { labelsSchema } from "../../src/config/schema/target.ts";
import { coerce, schemaAt } from "../../src/config/schema/walk.ts";
import { appPresetNames } from "../../src/presets/apps.ts";

function guide(name: string): string {
  return readFileSync(new URL(`../../docs/guide/apps/${name}.md`, import.meta.url), "utf8");
}

/** Every `wakegate.*: value` in the YAML blocks of a guide, and every `wakegate.x=y` in its text. */
function labelsOf(text: string): [string, string][] {
  const found: [string, string][] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      if (key.startsWith("wakegate.")) found.push([key, String(child)]);
      else visit(child);
    }
  };
  for (const [, block = ""] of text.matchAll(/```yaml\n([\s\S]*?)```/g)) visit(parse(block));
  for (const [, key = "", value = ""] of text.matchAll(/`(wakegate\.[\w.-]+)=([^`]+)`/g)) {
    found.push([key, value]);
  }
  return found;
}

describe("the guides for apps", () => {
  it.each(appPresetNames)("%s has one that names its preset", (name) => {
    expect(guide(name)).toMatch(new RegExp(`wakegate\\.preset: ${name}\\b`));
  });

  it.each(appPresetNames)("%s uses only labels that the schema accepts", (name) => {
    const wrong = labelsOf(guide(name)).filter(([label, value]) => {
      const schema = schemaAt(labelsSchema, label.split(".").slice(1));
      if (!schema) return true;
      const nested = label
        .split(".")
        .slice(1)
        .reduceRight<unknown>((below, key) => ({ [key]: below }), coerce(schema, value));
      return !labelsSchema.safeParse(nested).success;
    });
    expect(wrong).toEqual([]);
  });
});
