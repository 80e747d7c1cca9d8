import type { Command } from "../command.ts";
import { REMOTE_HELP } from "./remote-options.ts";

const JSON_OPTION = ["--json", "write JSON"] as const;
const SPAN_OPTIONS = [
  ["--for DURATION", "for this long, such as 2h (default: without end)"],
  ["--until MOMENT", "until 22:00, or a date and time"],
  ["--reason TEXT", "shown to whoever asks why"],
] as const;

/** The commands that talk to a running Wakegate over its API. */
export const remoteCommands: readonly Command[] = [
  {
    name: "status",
    summary: "show what is awake, why, and what comes next",
    usage: "[NAME…] [--watch] [--json]",
    options: [["--watch", "go on showing it"], JSON_OPTION, ...REMOTE_HELP],
    run: async (args, output) => (await import("./status.ts")).status(args, output),
  },
  {
    name: "wake",
    summary: "wake targets and wait until they are ready",
    usage: "NAME… [--no-wait] [--timeout DURATION]",
    options: [
      ["--no-wait", "only ask for it"],
      ["--timeout DURATION", "give up waiting after this long (default: 10m)"],
      ...REMOTE_HELP,
    ],
    details: "Exit code 0 when all are ready, 1 when one failed to wake.",
    run: async (args, output) => (await import("./wake.ts")).wake(args, output),
  },
  {
    name: "sleep",
    summary: "put targets to sleep and wait until they sleep",
    usage: "NAME… [--force] [--no-wait]",
    options: [["--force", "also what is in use"], ["--no-wait", "return at once"], ...REMOTE_HELP],
    run: async (args, output) => (await import("./act.ts")).sleepCommand(args, output),
  },
  {
    name: "pin",
    summary: "keep targets awake",
    usage: "NAME… [--for DURATION | --until MOMENT] [--reason TEXT]",
    options: [...SPAN_OPTIONS, ...REMOTE_HELP],
    run: async (args, output) => (await import("./act.ts")).keep("pin", args, output),
  },
  {
    name: "unpin",
    summary: "stop keeping targets awake",
    usage: "NAME…",
    options: REMOTE_HELP,
    run: async (args, output) => (await import("./act.ts")).letGo("unpin", args, output),
  },
  {
    name: "hold",
    summary: "keep targets asleep: no request wakes them",
    usage: "NAME… [--for DURATION | --until MOMENT] [--reason TEXT]",
    options: [...SPAN_OPTIONS, ...REMOTE_HELP],
    run: async (args, output) => (await import("./act.ts")).keep("hold", args, output),
  },
  {
    name: "release",
    summary: "stop keeping targets asleep",
    usage: "NAME…",
    options: REMOTE_HELP,
    run: async (args, output) => (await import("./act.ts")).letGo("release", args, output),
  },
  {
    name: "why",
    summary: "tell why a target is awake, asleep, or failed to wake",
    usage: "NAME [--json]",
    options: [JSON_OPTION, ...REMOTE_HELP],
    run: async (args, output) => (await import("./status.ts")).why(args, output),
  },
  {
    name: "with",
    summary: "run a command while targets are awake",
    usage: "NAME… [--reason TEXT] [--timeout DURATION] -- COMMAND…",
    options: [
      ["--reason TEXT", "shown to whoever asks why it is awake"],
      ["--timeout DURATION", "give up waiting for the wake after this long (default: 10m)"],
      ...REMOTE_HELP,
    ],
    details:
      "Wakes the targets, waits until they are ready, keeps them awake while the command runs, and lets them go. The exit code is the command's own; 1 when a target failed to wake.",
    run: async (args, output) => (await import("./with.ts")).withCommand(args, output),
  },
  {
    name: "notify",
    summary: "send a trial message to see that messages arrive",
    usage: "test",
    options: REMOTE_HELP,
    details: "Exit code 0 when every channel of `notify` took it, else 1.",
    run: async (args, output) => (await import("./notify.ts")).notify(args, output),
  },
  {
    name: "logs",
    summary: "tell what happened",
    usage: "[NAME] [--follow] [--json]",
    options: [["-f, --follow", "go on telling"], JSON_OPTION, ...REMOTE_HELP],
    run: async (args, output) => (await import("./logs.ts")).logs(args, output),
  },
];
