import { parseArgs } from "node:util";
import { LOCAL_TOKEN_FILE, makeToken, readLocalToken } from "../admin/auth/token-store.ts";
import { hashToken } from "../config/schema/api.ts";
import { messageOf, WakegateError } from "../errors.ts";
import type { Output } from "./output.ts";
import { stateFolder } from "./remote/remote-options.ts";

/**
 * `wakegate token`: prints the token of the Wakegate on this host, alone on its line for scripts. With `--new` makes
 * another one, with the line for the configuration.
 *
 * @throws WakegateError `not_found` where no Wakegate has run, `state_unreadable` for another user than Wakegate's.
 */
export async function token(args: string[], output: Output): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      new: { type: "boolean" },
      read: { type: "boolean" },
      state: { type: "string" },
      config: { type: "string" },
    },
  });
  if (values.new || values.read) {
    const made = makeToken();
    output.out(`token: ${made}`);
    output.out(`hash for api.tokens: ${values.read ? "read:" : ""}sha256:${hashToken(made)}`);
    return 0;
  }
  const folder = await stateFolder(values);
  let found: string | undefined;
  try {
    found = await readLocalToken(folder);
  } catch (error) {
    throw new WakegateError(
      "state_unreadable",
      `The token cannot be read: ${messageOf(error)}. Run this as the user that runs Wakegate, or as root.`,
      { cause: error },
    );
  }
  if (found === undefined) {
    throw new WakegateError(
      "not_found",
      `${folder} has no file ${LOCAL_TOKEN_FILE}: Wakegate has not run with this state folder. Start it first, or name its folder with --state or its configuration with --config. --new makes a token for the configuration.`,
    );
  }
  output.out(found);
  return 0;
}
