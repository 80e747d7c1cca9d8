import * as z from "zod";
import { bad, good } from "../values/parsed.ts";
import { duration, durationNotes, key, text } from "./text.ts";

const word = text(
  (written) =>
    /^[a-z0-9][-a-z0-9_.]{0,62}$/i.test(written.trim())
      ? good(written.trim())
      : bad("expected letters, digits, dashes, dots and underscores, 63 at most"),
  "a word such as home",
);
const file = text(
  (written) => (written.trim() === "" ? bad("expected a file") : good(written.trim())),
  "a file",
);
/** Null: empty. Never told back. */
const secret = z.string().transform((written): string | null => written.trim() || null);
/** Never told back either: it may hold the password. What is wrong with it is said by the check of the whole. */
const url = z.string();

/** Keys of the group `store`. */
export const storeSchema = z.strictObject({
  redis: key(
    z.strictObject({
      url: key(url, {
        description:
          "The server: `redis://host:6379`, or `rediss://` for TLS; a path names the database. Redis 6.2 or later, or Valkey.",
        defaultText: "none: this Wakegate is alone",
        examples: ["redis://redis:6379", "rediss://redis.lan:6380/2"],
      }),
      username: key(z.string().min(1), {
        description: "User of Redis' access control list.",
        defaultText: "the one in the URL, else Redis' default user",
        examples: ["wakegate"],
      }),
      password: key(secret, {
        description: "Password. Better kept in a file of its own, or in the variable.",
        defaultText: "the one in the URL, else none",
      }),
      password_file: key(file, {
        description:
          "File that holds the password; read anew for each connection. Relative to the file's folder.",
        examples: ["/run/secrets/redis-password"],
      }),
      ca_file: key(file, {
        description: "Certificate authority of the server, PEM. Relative to the file's folder.",
        defaultText: "the system's authorities",
      }),
      cluster: key(word, {
        description:
          "Wakegates with the same word, on the same database, belong together. All keys begin with `wakegate:{WORD}:`.",
        default: "default",
      }),
      name: key(word, {
        description: "Name of this replica in the log and on the dashboard.",
        defaultText: "the machine's name",
      }),
      lease: key(duration({ positive: true }), {
        description:
          "A replica that does not renew its membership for this time is considered lost, and another one may lead. At least 1s.",
        default: "10s",
        ...durationNotes,
      }),
      lost_grace: key(duration({ positive: true }), {
        description:
          "After a replica disappeared without signing off, sleeping is suspended for this time, counted from the end of its lease; what it had in use counts until then. At least 1s.",
        default: "60s",
        ...durationNotes,
      }),
    }),
    {
      description:
        "Redis or Valkey that replicas of Wakegate share, so that they act as one. Guide: [replicas](../guide/replicas.md).",
    },
  ),
});
