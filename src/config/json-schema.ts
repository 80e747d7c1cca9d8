import * as z from "zod";
import { fileSchema } from "./schema.ts";

/** The JSON Schema (draft 2020-12) of what may be written in the configuration file. */
export function configJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(fileSchema, {
    io: "input",
    target: "draft-2020-12",
    override({ zodSchema, jsonSchema }) {
      // zod leaves these out where values are transformed, since they are of the written form: ours are.
      const { default: fallback, examples, pattern, defaultText } = notesOf(zodSchema);
      if (fallback !== undefined) jsonSchema.default = fallback as Json;
      if (Array.isArray(examples)) jsonSchema.examples = examples as Json[];
      if (typeof pattern === "string") jsonSchema.pattern = pattern;
      delete jsonSchema["defaultText"];
      if (typeof defaultText === "string" && fallback === undefined) {
        jsonSchema.description = `${jsonSchema.description ?? ""} Default: ${defaultText}.`.trim();
      }
    },
  });
}

/** What `default` and `examples` may hold. */
type Json = z.core.JSONSchema._JSONSchema & (string | number | boolean | Json[]);

/** Notes of a key, wherever below the wrappers they were written. */
function notesOf(schema: z.core.$ZodType): Readonly<Record<string, unknown>> {
  return z.globalRegistry.get(schema) ?? {};
}
