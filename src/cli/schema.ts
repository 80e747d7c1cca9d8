import { parseArgs } from "node:util";
import { configJsonSchema } from "../config/json-schema.ts";
import type { Output } from "./output.ts";

/** `wakegate schema`: writes the JSON Schema of the configuration file. */
export async function schema(args: string[], output: Output): Promise<number> {
  parseArgs({ args, options: {}, allowPositionals: false });
  output.out(JSON.stringify(configJsonSchema(), null, 2));
  return Promise.resolve(0);
}
