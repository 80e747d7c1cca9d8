import * as z from "zod";
import { parseHostPattern } from "../values/host-pattern.ts";
import { parseHostTemplate } from "../values/host-template.ts";
import { parseContainerName, parseName } from "../values/names.ts";
import { bad, good } from "../values/parsed.ts";
import { optionsShape } from "./options.ts";
import { key, text } from "./text.ts";
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
};

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
  process: key(process, { description: "A local program in place of a container." }),
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
