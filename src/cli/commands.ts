import type { Command } from "./command.ts";
import { remoteCommands } from "./remote/commands.ts";
import { REMOTE_HELP } from "./remote/remote-options.ts";

const CONFIG_OPTION = [
  "--config FILE",
  "configuration file (default: $WAKEGATE_CONFIG, else labels alone)",
] as const;

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
  {
    name: "serve",
    summary: "run Wakegate",
    usage: "[--config FILE]",
    options: [CONFIG_OPTION],
    details:
      "Reads the file anew when it changes and on SIGHUP. SIGTERM and SIGINT end it; running apps go on.",
    run: async (args) => (await import("./serve.ts")).serve(args),
  },
  {
    name: "check",
    summary: "tell everything that is wrong with the configuration, and which targets result",
    usage: "[--config FILE] [--no-engines] [--json]",
    options: [
      CONFIG_OPTION,
      ["--no-engines", "do not ask the engines for their containers"],
      ["--json", "write one JSON document"],
    ],
    details: "Changes nothing. Exit code 0 when nothing is wrong (warnings are allowed), else 1.",
    run: async (args, output) => (await import("./check.ts")).check(args, output),
  },
  {
    name: "doctor",
    summary: "examine the whole chain, and say what to paste where something is wrong",
    usage: "[--proxy URL] [--alone] [--config FILE] [--json]",
    options: [
      ["--proxy URL", "address of the proxy, such as https://192.168.1.5 (default: it is looked for)"],
      ["--alone", "do not ask the running Wakegate: look from here, by the configuration"],
      ["--json", "write one JSON document"],
      ...REMOTE_HELP,
    ],
    details:
      "Engine, rights, labels, networks, proxy, single sign-on, clocks, state folder. Asks the running Wakegate, which sends each app's host one request through the proxy that only Wakegate knows; where it does not run, looks by itself. Wakes nothing and changes nothing. Exit code 0 without problems (warnings are allowed), 1 with problems, 2 when called wrongly.",
    run: async (args, output) => (await import("./doctor/doctor.ts")).doctor(args, output),
  },
  ...remoteCommands,
  {
    name: "token",
    summary: "print the admin token of this Wakegate, or make another one",
    usage: "[--state FOLDER] [--config FILE] | --new [--read]",
    options: [
      [
        "--state FOLDER",
        "state folder of the Wakegate on this host (default: the one that the configuration names)",
      ],
      CONFIG_OPTION,
      ["--new", "make a token, and its hash for the configuration"],
      ["--read", "with --new: for one that may only read"],
    ],
    details:
      "The token opens the dashboard and the API. Wakegate makes it at its first start and keeps it in the file local-token of its state folder, which its user alone may read. To make it invalid, remove the file and restart.",
    run: async (args, output) => (await import("./token.ts")).token(args, output),
  },
  {
    name: "schema",
    summary: "write the JSON Schema of the configuration file",
    usage: "",
    options: [],
    details: "For editors: put it beside the file and name it in a `# yaml-language-server: $schema=` line.",
    run: async (args, output) => (await import("./schema.ts")).schema(args, output),
  },
  {
    name: "health",
    summary: "ask the Wakegate of this configuration whether it lives",
    usage: "[--config FILE]",
    options: [CONFIG_OPTION],
    details: "For health checks of containers and service managers. Exit code 0 when it answers, else 1.",
    run: async (args, output) => (await import("./health.ts")).health(args, output),
  },
  {
    name: "demo",
    summary: "show a sleepy app, a gateway and the loading page, without Docker and proxy",
    usage: "[--port PORT] [--idle DURATION] [--boot DURATION] | --page STATE",
    options: [
      ["--port PORT", "port of the gateway on 127.0.0.1 (default: any free one)"],
      ["--idle DURATION", "how long the app stays awake without use (default: 20s)"],
      ["--boot DURATION", "how long the app takes to start (default: 4s)"],
      ["--page STATE", "show the loading page in one of its states, with simulated events"],
    ],
    run: async (args) => (await import("./demo/demo.ts")).demo(args),
  },
];
