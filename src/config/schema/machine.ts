import * as z from "zod";
import { parseMac, parseMachineUrl, parseSecureOn } from "../values/machine.ts";
import { parseName } from "../values/names.ts";
import { bad, good } from "../values/parsed.ts";
import { duration, durationNotes, key, text, whole } from "./text.ts";

const word = text(
  (written) => (written === "" ? bad("expected a word that is not empty") : good(written)),
  "text",
);
const argv = z.array(word).min(1);
const anyText = text((written) => good(written), "text");
const variable = text(
  (written) =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(written) ? good(written) : bad("expected the name of a variable"),
  "the name of a variable",
);
const span = duration({ positive: true });

/** An exit code, or what the first line of output is. */
const meaning = z
  .array(
    z.union([whole(0, 255), word], { error: "expected an exit code from 0 to 255, or a line of output" }),
  )
  .min(1);

/** The defaults of `command` and `wol`, as one would write them. */
export const MACHINE_DEFAULTS = {
  running: [0],
  stopped: [3],
  timeouts: { wake: "60s", sleep: "60s", status: "10s" },
  look: { awake: "1m", asleep: "5m" },
  broadcast: "255.255.255.255",
  port: 9,
  statusProbe: "3s",
} as const;

const timeout = (what: string, standard: string) =>
  key(span, {
    ...durationNotes,
    description: `Longest run of the ${what} command. Then its whole process group is killed.`,
    default: standard,
  });

const look = key(
  z.strictObject({
    awake: key(span, {
      ...durationNotes,
      description: "While it is on: how often is looked whether somebody else switched it off.",
      default: MACHINE_DEFAULTS.look.awake,
    }),
    asleep: key(span, {
      ...durationNotes,
      description:
        "While it is off: how often is looked whether somebody else switched it on. Never more often, also where looking fails.",
      default: MACHINE_DEFAULTS.look.asleep,
    }),
  }),
  {
    description:
      "How often the state is looked at besides before and after Wakegate's own acts: there are no events.",
  },
);

const surroundings = {
  env: key(z.record(z.string(), anyText), {
    description:
      "Variables of the commands. Nothing else is in their environment but `inherit` and a PATH of the usual system folders.",
    examples: [{ LIBVIRT_DEFAULT_URI: "qemu:///system" }],
  }),
  inherit: key(z.array(variable), {
    description: "Names of Wakegate's own variables that the commands see too.",
    defaultText: "none",
    examples: [["HOME", "SSH_AUTH_SOCK"]],
  }),
  cwd: key(anyText, {
    description: "Working folder of the commands, relative to the file's folder.",
    defaultText: "the file's folder",
  }),
};

/** The name of the target that an engine is inside of. */
export const insideKey = (what: string) =>
  key(text(parseName, "a target's name"), {
    description: `The target of this file that it runs in, such as a NAS: while that sleeps, ${what} asleep too, and waking begins with it.`,
    examples: ["nas"],
  });

/** `targets.<name>.command`. */
export const commandSchema = z.strictObject({
  wake: argv.meta({
    description: "Program and arguments that switch it on. No shell takes part; exit code 0 is success.",
    examples: [["virsh", "start", "win11"]],
  }),
  sleep: key(argv, {
    description: "Program and arguments that switch it off.",
    defaultText: "it is never put to sleep",
    examples: [["virsh", "shutdown", "win11"]],
  }),
  status: argv.meta({
    description: "Program and arguments that tell how it is, by exit code or first line of output.",
    examples: [["systemctl", "is-active", "jellyfin"]],
  }),
  running: key(meaning, {
    description: "Exit codes (numbers) and first lines of output (texts, in any case) that mean: it is on.",
    default: MACHINE_DEFAULTS.running,
    examples: [["running"]],
  }),
  stopped: key(meaning, {
    description:
      "As `running`, for: it is off. Anything else is an error; on the way up or down it is looked at again.",
    default: MACHINE_DEFAULTS.stopped,
    examples: [["shut off"]],
  }),
  ...surroundings,
  timeouts: key(
    z.strictObject({
      wake: timeout("wake", MACHINE_DEFAULTS.timeouts.wake),
      sleep: timeout("sleep", MACHINE_DEFAULTS.timeouts.sleep),
      status: timeout("status", MACHINE_DEFAULTS.timeouts.status),
    }),
    { description: "How long the commands may run." },
  ),
  look,
  inside: insideKey("it counts as"),
});

/** `targets.<name>.wol`. */
export const wolSchema = z.strictObject({
  mac: text(parseMac, "an address such as aa:bb:cc:dd:ee:ff").meta({
    description: "Hardware address of the network card that listens.",
    examples: ["aa:bb:cc:dd:ee:ff"],
  }),
  broadcast: key(
    text(
      (written) =>
        /^[\w.:-]+$/.test(written.trim()) ? good(written.trim()) : bad("expected an address or a name"),
      "an address such as 192.168.1.255",
    ),
    {
      description:
        "Where the packet is sent: the broadcast address of the machine's network, which also says by which interface, or its own address.",
      default: MACHINE_DEFAULTS.broadcast,
      examples: ["192.168.1.255"],
    },
  ),
  port: key(whole(1, 65_535), { description: "UDP port of the packet.", default: MACHINE_DEFAULTS.port }),
  secureon: key(text(parseSecureOn, "a password such as 00:11:22:33:44:55"), {
    description: "SecureOn password, four or six bytes. It travels in the clear.",
    defaultText: "none",
    examples: ["00:11:22:33:44:55"],
  }),
  status: text(parseMachineUrl, "a URL such as tcp://nas.lan:22").meta({
    description:
      "What answers only while it is on: a TCP port (a connection that stays open), or an HTTP address (any answer).",
    examples: ["tcp://nas.lan:22", "http://nas.lan:5000/"],
  }),
  sleep: key(argv, {
    description: "Program and arguments that put it to sleep. No shell takes part; exit code 0 is success.",
    defaultText: "it is never put to sleep",
    examples: [["ssh", "-i", "/run/secrets/nas", "wakegate@nas.lan", "sudo", "systemctl", "suspend"]],
  }),
  ...surroundings,
  timeouts: key(
    z.strictObject({
      sleep: timeout("sleep", MACHINE_DEFAULTS.timeouts.sleep),
      status: key(span, {
        ...durationNotes,
        description: "How long one probe waits. Silence means: it is off.",
        default: MACHINE_DEFAULTS.statusProbe,
      }),
    }),
    { description: "How long the command and the probe may take." },
  ),
  look,
});

/** What the file says of a machine by commands. */
export type CommandLayer = z.output<typeof commandSchema>;
/** What the file says of a machine by Wake-on-LAN. */
export type WolLayer = z.output<typeof wolSchema>;
