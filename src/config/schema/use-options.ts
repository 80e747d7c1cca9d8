import * as z from "zod";
import { parseDuration } from "../values/duration.ts";
import { parseJsonPath } from "../values/json-path.ts";
import { bad, good } from "../values/parsed.ts";
import { parsePath } from "../values/path.ts";
import { parseRecurrence } from "../values/recurrence.ts";
import { parseTimeWindows } from "../values/time-window.ts";
import { parseTimeZone } from "../values/time-zone.ts";
import { duration, durationNotes, key, text, whole } from "./text.ts";
import { statuses } from "./statuses.ts";

const prewake = text<number | null>(
  (written) => (written.trim().toLowerCase() === "never" ? good(null) : parseDuration(written)),
  "a duration such as 10m, or never",
);

const windowText = text(parseTimeWindows, "windows such as Mon-Fri 08:00-18:00");
const windows = z.union([windowText, z.array(windowText).transform((list) => list.flat())]);

/** A path that may carry a query: many apps take their key there. */
const pathWithQuery = text((written) => {
  const [path = "", ...query] = written.split("?");
  const parsed = parsePath(path);
  if (!parsed.ok || query.length === 0) return parsed;
  if (!/^[\x21-\x7e]*$/.test(query.join("?"))) return bad("expected a query in URL form");
  return good(`${parsed.value}?${query.join("?")}`);
}, "a path such as /api/sessions");

const regex = text((written) => {
  try {
    return good(new RegExp(written).source);
  } catch {
    return bad("expected a regular expression");
  }
}, "a regular expression");

const peer = text(
  (written) =>
    /^[\w.:/-]+$/.test(written) ? good(written) : bad("expected a container's name, an address or a block"),
  "a container's name, an address or a block",
);

const httpShape = {
  path: key(pathWithQuery, {
    description: "Asked with GET on the target's own address. May carry a query.",
    examples: ["/Sessions?activeWithinSeconds=300"],
  }),
  port: key(whole(1, 65_535), { description: "TCP port of that path.", defaultText: "the target's port" }),
  json_path: key(text(parseJsonPath, "keys such as queue.length"), {
    description:
      "Busy when this value of the JSON answer is neither absent, false, zero nor empty. `length` counts the items of a list.",
    examples: ["queue.length", "sessions[0].id"],
  }),
  status: key(statuses, {
    description:
      "Alone: busy when the answer has one of these statuses. With `json_path` or `regex`: the statuses of an answer that can be judged; any other counts as busy.",
    defaultText: "2xx",
    examples: ["200"],
  }),
};

const timeout = key(duration({ positive: true }), {
  description: "Deadline of one check. No answer in time counts as busy.",
  default: "5s",
  ...durationNotes,
});

/** `busy_check` as labels may give it: no commands, and no regular expressions that could stall us. */
export const labelBusyCheck = key(
  z.strictObject({ http: key(z.strictObject(httpShape), { description: "An HTTP question." }), timeout }),
  {
    description: "Asks the app itself whether it has work before it is put to sleep.",
  },
);

const busyCheck = z.strictObject({
  http: key(
    z.strictObject({
      ...httpShape,
      regex: key(regex, {
        description: "Busy when the answer's body, or the value at `json_path`, matches. File only.",
        examples: ['"NowPlayingItem"'],
      }),
    }),
    { description: "An HTTP question." },
  ),
  exec: key(z.array(text((written) => good(written), "text")), {
    description:
      "Command and arguments, run inside the container without a shell. Exit code 0: busy, 1: not busy, anything else counts as busy. File only.",
    examples: [["sh", "-c", "pgrep -x ffmpeg"]],
  }),
  timeout,
});

const activity = z.strictObject({
  network_above: key(whole(0, 1_000_000_000), {
    description: "Bytes per second, both ways, above the learned noise, that count as use.",
    default: 1000,
  }),
  cpu_above: key(whole(0, 100_000), {
    description: "Percent of one core that count as use.",
    default: 25,
  }),
  ignore_peers: key(z.array(peer), {
    description: "Containers, addresses and blocks whose open connections do not keep it awake.",
    defaultText: "none",
    examples: [["uptime-kuma", "10.0.0.0/24"]],
  }),
});

const schedule = z.strictObject({
  time_zone: key(text(parseTimeZone, "a time zone such as Europe/Berlin"), {
    description: "Time zone of all times here.",
    defaultText: "the machine's own (TZ)",
    examples: ["Europe/Berlin"],
  }),
  awake: key(windows, {
    description: "Woken for these hours and kept awake in them. Several with `;` or as a list.",
    defaultText: "none",
    examples: ["Mon-Fri 08:00-18:00", ["Mon-Fri 08:00-18:00", "Sat 22:00-02:00"]],
  }),
  no_wake: key(windows, {
    description: "Requests do not wake it in these hours; what is awake stays so while it is used.",
    defaultText: "none",
    examples: ["23:00-06:00"],
  }),
  prewake: key(prewake, {
    description:
      "How long before each window of `awake` it is woken. `never`: windows keep awake what is awake, and wake nothing.",
    default: "0s",
    examples: ["10m", "never"],
  }),
  every: key(text(parseRecurrence, "a form such as 10m every 6h"), {
    description:
      "Wakes it again and again for a while, counted from midnight where the interval divides a day.",
    defaultText: "never",
    examples: ["10m every 6h"],
  }),
});

/** Keys that say what counts as use, and when a target may sleep and wake. */
export const useShape = {
  pause_after: key(duration({ positive: true }), {
    description:
      "Paused after this long without use, in place of `idle_timeout`: it wakes in milliseconds but keeps its memory. With `stop_after` it is stopped later.",
    defaultText: "not paused",
    examples: ["5m"],
    ...durationNotes,
  }),
  stop_after: key(duration({ positive: true }), {
    description: "With `pause_after`: stopped after this long without use, both counted from the last use.",
    defaultText: "it stays paused",
    examples: ["2h"],
    ...durationNotes,
  }),
  min_uptime: key(duration(), {
    description: "Not put to sleep earlier than this after it became ready.",
    default: "0s",
    examples: ["10m"],
    ...durationNotes,
  }),
  dry_run: key(z.boolean(), {
    description: "Says in log and dashboard when it would be put to sleep, and leaves it awake.",
    default: false,
  }),
  activity: key(activity, { description: "What counts as use beside requests." }),
  busy_check: key(busyCheck, {
    description: "Asks the app itself whether it has work before it is put to sleep.",
  }),
  schedule: key(schedule, { description: "Hours in which it is kept awake or does not wake." }),
};
