import * as z from "zod";
import { bad, good } from "../values/parsed.ts";
import { parseBaseUrl } from "../values/urls.ts";
import { duration, durationNotes, key, text } from "./text.ts";

/** What people can be told of. */
export const NEWS_EVENTS = [
  "wake_failed",
  "stop_failed",
  "crash_loop",
  "engine_gone",
  "engine_back",
  "never_slept",
] as const;

const hookUrl = text((written) => {
  const url = URL.canParse(written.trim()) ? new URL(written.trim()) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:")
    return bad("expected a URL such as https://example.com/hooks/wakegate");
  return url.username || url.hash ? bad("expected a URL without user and fragment") : good(url.href);
}, "a URL such as https://example.com/hooks/wakegate");
const topic = text(
  (written) =>
    /^[-\w]{1,64}$/.test(written.trim())
      ? good(written.trim())
      : bad("expected letters, digits, dashes and underscores, 64 at most"),
  "a topic such as wakegate-4f1c",
);
const file = text(
  (written) => (written.trim() === "" ? bad("expected a file") : good(written.trim())),
  "a file",
);
/** Null: empty. Never told back. */
const secret = z.string().transform((written): string | null => written.trim() || null);

/** Keys of the group `notify`. */
export const notifySchema = z.strictObject({
  events: key(z.array(z.enum(NEWS_EVENTS)), {
    description:
      "What is told: a failed wake, a failed stop, a crash loop (five failed wakes in a row), an engine that does not answer and is back, a target that has not slept for 7 days.",
    default: [...NEWS_EVENTS],
  }),
  engine_grace: key(duration(), {
    description: "An engine that is back within this time is not told of.",
    default: "2m",
    ...durationNotes,
  }),
  repeat_after: key(duration({ positive: true }), {
    description:
      "The same news of the same target is told again after this time at the earliest, if it is still so.",
    default: "6h",
    ...durationNotes,
  }),
  webhook: key(
    z.strictObject({
      url: key(hookUrl, {
        description: "Gets a JSON document by POST. Redirections are not followed.",
        defaultText: "none: no webhook",
        examples: ["https://example.com/hooks/wakegate"],
      }),
      secret: key(secret, {
        description:
          "Signs each message (HMAC-SHA256). Better kept in a file of its own, or in the variable.",
        defaultText: "none: messages are not signed",
      }),
      secret_file: key(file, {
        description: "File that holds the secret. Relative to the file's folder.",
        examples: ["/run/secrets/wakegate-hook"],
      }),
    }),
    { description: "One webhook." },
  ),
  ntfy: key(
    z.strictObject({
      url: key(text(parseBaseUrl, "a URL such as https://ntfy.sh"), {
        description: "The ntfy server.",
        default: "https://ntfy.sh",
      }),
      topic: key(topic, {
        description: "The topic. On a public server whoever knows it can read along: make it hard to guess.",
        defaultText: "none: no ntfy",
        examples: ["wakegate-4f1c9e"],
      }),
      token: key(secret, { description: "Access token of ntfy. Better kept in a file, or in the variable." }),
      token_file: key(file, {
        description: "File that holds the token. Relative to the file's folder.",
        examples: ["/run/secrets/ntfy-token"],
      }),
      priority: key(z.enum(["min", "low", "default", "high", "max"]), {
        description: "Of what needs a person. Good news has `low`.",
        default: "high",
      }),
      title: key(z.string().max(60), {
        description: "Stands before each title, to tell several machines apart.",
        defaultText: "nothing",
        examples: ["attic"],
      }),
    }),
    { description: "Messages by ntfy." },
  ),
});
