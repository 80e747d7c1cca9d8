import * as z from "zod";
import { appPresetNames } from "../../presets/apps.ts";
import { parseNamespace, parseWorkload } from "../values/kubernetes.ts";
import { parseHostPattern } from "../values/host-pattern.ts";
import { parseHostTemplate } from "../values/host-template.ts";
import { parseContainerName, parseName } from "../values/names.ts";
import { commandSchema, wolSchema } from "./machine.ts";
import { bad, good } from "../values/parsed.ts";
import { optionsShape } from "./options.ts";
import { traefikTargetSchema } from "./publish.ts";
import { forwardsSchema, tcpSchema, udpSchema } from "./stream.ts";
import { scopeKey } from "./scope.ts";
import { key, text, whole } from "./text.ts";
import { labelBusyCheck } from "./use-options.ts";

const words = text((written) => {
  const line = written.trim();
  return line !== "" && line.length <= 120 && !/\p{Cc}/u.test(line)
    ? good(line)
    : bad("expected one line of at most 120 characters");
}, "a line of text");

const anyText = text((written) => good(written), "text");

/** Keys of a target that make no sense as a default for all. */
const ownShape = {
  hosts: key(z.array(text(parseHostPattern, "a host such as blog.example.com")), {
    description:
      "Hosts that lead here, each with an optional path prefix. `*.example.com` takes one label in place of the star (in YAML put it in quotes). The longest prefix wins.",
    defaultText: "for containers: the proxy's own labels, else `defaults.hosts`",
    examples: [["blog.example.com", "example.com/blog", "*.pages.example.com"]],
  }),
  display_name: key(words, {
    description: "The name that people read.",
    defaultText: "the Compose service, else the target's name",
    examples: ["Family photos"],
  }),
  preset: key(z.enum(appPresetNames), {
    description:
      "An app that Wakegate knows: sets what suits it, weaker than labels and this target's own keys, stronger than `defaults`. [Presets](presets.md) lists what each sets.",
    defaultText: "none",
    examples: ["jellyfin"],
  }),
  scope: scopeKey,
  traefik: key(traefikTargetSchema, {
    description: "How it is published to Traefik, where that differs from `publish.traefik`.",
  }),
};

const TCP_NOTES = {
  description:
    "TCP listeners of Wakegate that lead here, waking it first: `[address:]listen:port`. They stay open while it sleeps. In the file also groups of `listen`, `port`, `protocol` and `names`.",
  defaultText: "none",
} as const;
const UDP_NOTES = {
  description: "UDP listeners that lead here: the first datagram of a client wakes it. Written as `tcp`.",
  defaultText: "none",
  examples: [["19132:19132"]],
} as const;

const docker = z.strictObject({
  container: text(parseContainerName, "a container's name").meta({
    description: "The container's name, as `docker ps` shows it.",
    examples: ["blog"],
  }),
  engine: key(text(parseName, "an engine's name"), {
    description: "One of the names in `providers.docker`.",
    defaultText: "the only engine there is",
    examples: ["local"],
  }),
});

const swarm = z.strictObject({
  service: text(parseContainerName, "a service's name").meta({
    description: "The service's name, as `docker service ls` shows it.",
    examples: ["web_blog"],
  }),
  engine: key(text(parseName, "an engine's name"), {
    description: "One of the names in `providers.swarm`.",
    defaultText: "the only swarm there is",
    examples: ["cluster"],
  }),
});

const proxmox = z.strictObject({
  vmid: whole(100, 999_999_999).meta({
    description: "The guest's number. The node that it is on is looked up, so a migration changes nothing.",
    examples: [103],
  }),
  engine: key(text(parseName, "an engine's name"), {
    description: "One of the names in `providers.proxmox`.",
    defaultText: "the only cluster there is",
    examples: ["lab"],
  }),
});

const kubernetes = z.strictObject({
  workload: text(parseWorkload, "a workload such as deployment/blog").meta({
    description: "Its kind and name, as kubectl shows them.",
    examples: ["deployment/blog", "statefulset/db"],
  }),
  namespace: key(text(parseNamespace, "a namespace"), {
    description: "The namespace that it is in.",
    default: "default",
  }),
  engine: key(text(parseName, "an engine's name"), {
    description: "One of the names in `providers.kubernetes`.",
    defaultText: "the only cluster there is",
    examples: ["home"],
  }),
});

const process = z.strictObject({
  command: z
    .array(
      text((written) => (written === "" ? bad("expected a word that is not empty") : good(written)), "text"),
    )
    .min(1)
    .meta({
      description: "Program and arguments. No shell takes part.",
      examples: [["node", "server.js"]],
    }),
  cwd: key(anyText, {
    description: "Working folder, relative to the file's folder.",
    defaultText: "the file's folder",
  }),
  env: key(z.record(z.string(), anyText), {
    description: "Variables beside those that Wakegate itself runs with.",
    examples: [{ PORT: "8080" }],
  }),
});

/** `targets.<name>` of the file. */
export const targetSchema = z.strictObject({
  docker: key(docker, {
    description:
      "The container behind it. May be left out when a labelled container has this target's name: then these keys are laid over its labels.",
  }),
  proxmox: key(proxmox, {
    description:
      "The Proxmox guest behind it, an LXC container or a virtual machine. Its tags and notes need not name Wakegate.",
  }),
  swarm: key(swarm, {
    description: "The Swarm service behind it, which need not be labelled then.",
  }),
  kubernetes: key(kubernetes, {
    description: "The Deployment or StatefulSet behind it, which needs no annotations then.",
  }),
  process: key(process, { description: "A local program in place of a container." }),
  command: key(commandSchema, {
    description:
      "Anything that commands can switch on, look at and switch off: a systemd unit, a virtual machine of libvirt, a server of a cloud. In the file only.",
  }),
  wol: key(wolSchema, {
    description: "A machine that is woken by Wake-on-LAN. In the file only.",
  }),
  tcp: key(tcpSchema, { ...TCP_NOTES, examples: [[{ listen: "0.0.0.0:5432", port: 5432 }], ["5432:5432"]] }),
  udp: key(udpSchema, UDP_NOTES),
  ...ownShape,
  ...optionsShape,
});

/** `defaults` of the file. */
export const defaultsSchema = z.strictObject({
  hosts: key(z.array(text(parseHostTemplate, "a host template such as {service}.example.com")), {
    description:
      "Hosts for labelled containers that have none of their own. `{service}`, `{project}` and `{name}` are filled in.",
    defaultText: "none",
    examples: [["{service}.example.com"]],
  }),
  ...optionsShape,
});

/** The labels of a container, without `wakegate.` in front. */
export const labelsSchema = z.strictObject({
  enable: key(z.boolean(), {
    description:
      "`true` puts the container into Wakegate's care; that alone suffices where proxy labels name its hosts. `false` keeps hands off it, as a dependency too.",
    defaultText: "not a target; still woken as a dependency of one in the same Compose project",
  }),
  name: key(text(parseName, "a target's name"), {
    description: "The target's name. It stays when the container is renamed or created anew.",
    defaultText: "the container's name in lower case",
    examples: ["blog"],
  }),
  tcp: key(forwardsSchema, { ...TCP_NOTES, examples: [["5432:5432"], ["127.0.0.1:5432:5432"]] }),
  udp: key(forwardsSchema, UDP_NOTES),
  ...ownShape,
  ...optionsShape,
  busy_check: labelBusyCheck,
});

/** What one layer says of a target. Keys that are absent are not said there. */
export type TargetLayer = z.output<typeof targetSchema>;
/** What one layer says of all targets. */
export type DefaultsLayer = z.output<typeof defaultsSchema>;
/** What a container's labels say. */
export type LabelsLayer = z.output<typeof labelsSchema>;
