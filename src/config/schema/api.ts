import { createHash } from "node:crypto";
import * as z from "zod";
import type { ApiToken } from "../model/api.ts";
import { bad, good } from "../values/parsed.ts";
import { key, text } from "./text.ts";

/** Shorter ones can be guessed. */
const SHORTEST_TOKEN = 16;

/** SHA-256 of a token in hexadecimal: enough, because tokens are random and long. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token, "utf8").digest("hex");
}

/** Reads one token as it stands in a list or a file: `[read:]sha256:HEX`, or `[read:]TOKEN` in plain. Undefined: unusable. */
export function parseToken(written: string): ApiToken | undefined {
  const trimmed = written.trim();
  const read = trimmed.startsWith("read:");
  const rest = read ? trimmed.slice("read:".length) : trimmed;
  const access = read ? "read" : "admin";
  const hashed = /^sha256:([\da-f]{64})$/i.exec(rest)?.[1];
  if (hashed !== undefined) return { hash: hashed.toLowerCase(), access };
  return rest.length < SHORTEST_TOKEN || /\s/.test(rest) ? undefined : { hash: hashToken(rest), access };
}

const hashes = text((written) => {
  const token = /^(read:)?sha256:/.test(written.trim()) ? parseToken(written) : undefined;
  return token
    ? good(token)
    : bad("expected sha256: and 64 hexadecimal digits, as wakegate token --new prints it");
}, "a token's hash");

/** The secret is hashed where it is read, so that no setting ever holds it. Null: too short. */
const secret = z.string().transform((written): ApiToken | null => parseToken(written) ?? null);

/** Keys of the group `api`. */
export const apiSchema = z.strictObject({
  token: key(secret, {
    description:
      "Admin token in plain, at least 16 characters, `read:` in front for one that may only read. Give it as the variable WAKEGATE_API_TOKEN rather than in the file.",
    defaultText:
      "none: the API accepts the token of this installation, which Wakegate makes at its first start and `wakegate token` prints",
  }),
  token_file: key(
    text((written) => (written.trim() === "" ? bad("expected a file") : good(written.trim())), "a file"),
    {
      description:
        "File with one token a line, in plain or as `sha256:` and its hash, `read:` in front for one that may only read. Lines with `#` are comments.",
      examples: ["/run/secrets/wakegate-tokens"],
    },
  ),
  tokens: key(z.array(hashes), {
    description:
      "Hashes of tokens, as `wakegate token --new` prints them; `read:` in front for read-only ones.",
    examples: [["sha256:5e88…", "read:sha256:8d96…"]],
  }),
  user_header: key(
    text(
      (written) =>
        /^[A-Za-z][\w-]*$/.test(written) ? good(written.toLowerCase()) : bad("expected a header's name"),
      "a header such as Remote-User",
    ),
    {
      description:
        "Header in which your single sign-on names the user. Whoever it names is an admin. It counts only from `trusted_proxies`, which have to be set.",
      examples: ["Remote-User"],
    },
  ),
  admins: key(z.array(z.string()), {
    description: "With `user_header`: users who may change things; all others may read.",
    defaultText: "everybody whom the header names",
  }),
  metrics: key(z.enum(["open", "token"]), {
    description: "Who may read `/metrics`: everybody who reaches the internal listener, or tokens.",
    default: "open",
  }),
});
