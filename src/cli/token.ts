import { parseArgs } from "node:util";
import { makeToken } from "../admin/auth/token-store.ts";
import { hashToken } from "../config/schema/api.ts";
import type { Output } from "./output.ts";

/** `wakegate token`: makes a token, and the line for the configuration. */
export function token(args: string[], output: Output): Promise<number> {
  const { values } = parseArgs({ args, options: { read: { type: "boolean" } } });
  const made = makeToken();
  output.out(`token: ${made}`);
  output.out(`hash for api.tokens: ${values.read ? "read:" : ""}sha256:${hashToken(made)}`);
  return Promise.resolve(0);
}
