import * as z from "zod";
import { parseCapturePattern, type CapturePattern } from "../values/capture-pattern.ts";
import { parseHostTemplate, templateWords } from "../values/host-template.ts";
import { bad, good } from "../values/parsed.ts";
import { didYouMean } from "../values/suggest.ts";
import { optionsShape } from "./options.ts";
import { appPresetNames } from "../../presets/apps.ts";
import { scopeKey } from "./scope.ts";
import { key, text } from "./text.ts";

/** A wrong one keeps its words, so that a host which uses them is not told as wrong too. */
const pattern = text(parseCapturePattern, "a pattern such as pr-*", {
  leaves: (written) => ({ written, literals: [], gaps: templateWords(written) }),
});
/** A wrong one is kept, so that its unknown words are told with what else is wrong. */
const host = text((written) => parseHostTemplate(written, "any"), "a host template", {
  leaves: (written) => written,
});

/** Words that every container has a value for, or may have. */
const OWN_WORDS = ["project", "service", "name"];

const sentence = text((written) => {
  const line = written.trim();
  return line !== "" && line.length <= 200 && !/\p{Cc}/u.test(line)
    ? good(line)
    : bad("expected one line of at most 200 characters");
}, "a line of text");

const match = z
  .strictObject({
    project: key(pattern, { description: "The Compose project.", examples: ["pr-*", "pr-{number}"] }),
    service: key(pattern, { description: "The Compose service.", examples: ["web"] }),
    name: key(pattern, { description: "The container's name, as `docker ps` shows it." }),
    image: key(pattern, { description: "The image as the container names it.", examples: ["*/shop:*"] }),
    engine: key(pattern, { description: "The engine that it runs on, a name in `providers`." }),
    labels: key(z.record(z.string().min(1), pattern), {
      description: "Labels of the container, each with a pattern for its value. All have to be there.",
      examples: [{ "com.example.branch": "{branch}" }],
    }),
  })
  .check((context) => {
    if (Object.keys(context.value).length > 0) return;
    const message = "expected at least one condition: without any, every container would be taken";
    context.issues.push({ code: "custom", message, input: context.value });
  });

/** One entry of `discover`. */
export const discoverSchema = z
  .strictObject({
    match: match.meta({
      description:
        "What a container must be like, every condition. In a pattern `*` takes anything, and `{word}` takes something that the hosts below can use.",
    }),
    hosts: key(z.array(host), {
      description:
        "Hosts that lead to it. `{project}`, `{service}`, `{name}` and the words of the patterns are filled in.",
      defaultText: "the proxy's own labels, else `defaults.hosts`",
      examples: [["{project}.example.com"]],
    }),
    gone: key(z.union([z.literal(false), sentence]), {
      description:
        "What a browser reads at a host of this rule that belongs to no container, with status 410: one sentence, in which `{host}` is the part that differs. `false`: such a host is treated as `unknown_hosts` says. Only hosts whose first label alone has placeholders are known to be the rule's.",
      defaultText: "`There is no {host}.`",
      examples: ["{host} was merged or closed.", false],
    }),
    scope: scopeKey,
    preset: key(z.enum(appPresetNames), { description: "As `targets.NAME.preset`." }),
    ...optionsShape,
  })
  .superRefine(
    ({ match, hosts }, context) => {
      const words = [...OWN_WORDS, ...wordsOf(match)];
      for (const [index, template] of (Array.isArray(hosts) ? hosts : []).entries()) {
        if (typeof template !== "string") continue;
        for (const word of templateWords(template)) {
          if (words.includes(word)) continue;
          const message = `{${word}} is neither {project}, {service} nor {name}, and no pattern of match has it${didYouMean(word, words)}`;
          context.addIssue({ code: "custom", message, input: template, path: ["hosts", index] });
        }
      }
    },
    // All problems of a rule are told at once: what is wrong beside this may have left any value.
    { when: () => true },
  );

/** Of whatever the file has there. */
function wordsOf(match: unknown): readonly string[] {
  if (typeof match !== "object" || match === null) return [];
  return Object.values(match).flatMap((value: unknown) =>
    isPattern(value) ? value.gaps.filter((gap) => gap !== "") : wordsOf(value),
  );
}

function isPattern(value: unknown): value is CapturePattern {
  return typeof value === "object" && value !== null && "gaps" in value && Array.isArray(value.gaps);
}

/** One rule as the file has it. */
export type DiscoverLayer = z.output<typeof discoverSchema>;
