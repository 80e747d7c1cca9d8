import { describe, expect, it } from "vitest";
import { driftedFiles } from "../../scripts/generate-reference.ts";
import { settingVariables } from "../../src/config/environment.ts";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { defaultsSchema } from "../../src/config/schema/target.ts";
import { BUILT_IN } from "../../src/config/schema/options.ts";

interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
}

function undescribed(node: SchemaNode, path: string): readonly string[] {
  const below = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    undescribed(child, `${path}.${name}`),
  );
  const named =
    typeof node.additionalProperties === "object" ? undescribed(node.additionalProperties, `${path}.*`) : [];
  return [...(node.description || path.endsWith("*") ? [] : [path]), ...below, ...named];
}

describe("reference", () => {
  it("is what the schema says (else: npm run docs)", () => {
    expect(driftedFiles()).toEqual([]);
  });

  it("describes every key", () => {
    const schema = configJsonSchema() as SchemaNode;
    expect(undescribed(schema, "")).toEqual([]);
    expect(schema.properties?.["defaults"]?.properties?.["idle_timeout"]?.default).toBe("15m");
  });

  it("shows built-in values that the schema itself accepts", () => {
    expect(defaultsSchema.safeParse(BUILT_IN).success).toBe(true);
    expect(settingVariables().length).toBeGreaterThan(30);
  });
});
