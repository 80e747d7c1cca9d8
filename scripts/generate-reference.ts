import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL, fileURLToPath } from "node:url";
import * as z from "zod";
import { commandHelp, generalHelp } from "../src/cli/cli.ts";
import { commands } from "../src/cli/commands.ts";
import type { Output } from "../src/cli/output.ts";
import { settingVariables } from "../src/config/environment.ts";
import { configJsonSchema } from "../src/config/json-schema.ts";
import { fileSchema } from "../src/config/schema.ts";
import { labelsSchema, targetSchema } from "../src/config/schema/target.ts";
import { apiPage, metricsPage } from "./api-pages.ts";
import type { KeyNotes } from "../src/config/schema/text.ts";
import { inputOf, labelPaths, schemaAt, shapeOf } from "../src/config/schema/walk.ts";
import { licencesPage } from "./licences-page.ts";
import { presetsPage } from "./presets-page.ts";

const ROOT = new URL("../docs/reference/", import.meta.url);
const MADE = "<!-- Made by scripts/generate-reference.ts from the schema. Do not edit. -->";

/** All files of the reference, by name, as the schema and the commands want them. */
export function referenceFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["configuration.md", configurationPage()],
    ["labels.md", labelsPage()],
    ["cli.md", cliPage()],
    ["presets.md", presetsPage()],
    ["api.md", apiPage(MADE)],
    ["metrics.md", metricsPage(MADE)],
    [
      "licences.md",
      licencesPage("<!-- Made by scripts/generate-reference.ts from package-lock.json. Do not edit. -->"),
    ],
    ["wakegate.schema.json", `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ]);
}

/** Names of the files in `docs/reference` that are missing or differ from what they should be. */
export function driftedFiles(): readonly string[] {
  return [...referenceFiles()].flatMap(([name, content]) => (readOr(name) === content ? [] : [name]));
}

function configurationPage(): string {
  const general = Object.keys(shapeOf(fileSchema) ?? {}).filter(
    (name) => name !== "defaults" && name !== "targets",
  );
  const targetKeys = Object.keys(shapeOf(targetSchema) ?? {});
  const variables = new Map(settingVariables().map(({ name, path }) => [path.join("."), name]));
  return (
    [
      "# Configuration",
      MADE,
      "Wakegate reads one YAML file: `--config FILE`, else the file that `WAKEGATE_CONFIG` names, else none: labels alone suffice. For each key the stronger source counts: built-in value < `defaults` < labels < `targets` of the file; a variable of the environment replaces the key of the file that it belongs to. `wakegate check` tells everything that is wrong at once. [wakegate.schema.json](wakegate.schema.json) lets editors help.",
      VALUES,
      "## General keys",
      sections(fileSchema, general, 3, (path) => {
        const variable = variables.get(path);
        return variable === undefined ? [] : [`Variable: \`${variable}\``];
      }),
      "## targets.NAME and defaults",
      "The same keys stand under `targets.NAME` for one target and, but for `docker`, `kubernetes`, `process` and `display_name`, under `defaults` for all. As a default each has a variable: `WAKEGATE_DEFAULTS_IDLE_TIMEOUT`, `WAKEGATE_DEFAULTS_READINESS_PATH` …",
      sections(targetSchema, targetKeys, 3, () => []),
      "### defaults.hosts",
      described(schemaAt(fileSchema, ["defaults", "hosts"]), []),
      "## Variables",
      "| variable | key |\n| --- | --- |\n" +
        settingVariables()
          .map(({ name, path }) => `| \`${name}\` | \`${path.join(".")}\` |`)
          .join("\n"),
      "`DOCKER_HOST`, with `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`, names the engine `local` when the file names none. `WAKEGATE_IMAGE` is set by the container image: the listeners then default to all addresses and the state folder to `/state`. Lists are written with commas.",
    ].join("\n\n") + "\n"
  );
}

const VALUES = `## Values

- **Durations** are whole numbers with units: \`300ms\`, \`90s\`, \`15m\`, \`1h30m\`, \`2d\`, \`1w\`. A bare number is an error.
- **Hosts** are \`blog.example.com\` or \`"*.example.com"\` (quotes: YAML reads a bare star as something else), with an optional path prefix: \`example.com/blog\`.
- **Names** of targets and engines are made of lower-case letters, digits, dots, dashes and underscores.
- **Listeners** are \`127.0.0.1:9190\`, \`[::1]:9190\`, or \`:9190\` for all IPv4 addresses.
- **Dependencies** are \`name\` or \`name:condition\`.`;

function labelsPage(): string {
  const rows = labelPaths(labelsSchema).map((path) => {
    // A value under a name of the user's own is described where its group is.
    const schema = schemaAt(labelsSchema, path.at(-1) === "NAME" ? path.slice(0, -1) : path);
    return `| \`wakegate.${path.join(".")}\` | ${cell(notesOf(schema).description)} | ${cell(fallbackOf(schema))} | ${cell(labelExample(schema))} |`;
  });
  return (
    [
      "# Labels",
      MADE,
      "`wakegate.enable=true` alone suffices where the proxy's own labels name hosts and port, and Compose names the dependencies. The file is stronger than labels, key by key. Lists are written with commas. A bad label disables its container's target alone; the hosts go on answering 503.",
      `| label | meaning | default | example |\n| --- | --- | --- | --- |\n${rows.join("\n")}`,
      READ_TOO,
    ].join("\n\n") + "\n"
  );
}

const READ_TOO = `## Labels of others that are read too

| label | gives |
| --- | --- |
| \`traefik.http.routers.*.rule\` | hosts from \`Host\`, prefixes from \`PathPrefix\` and \`Path\`; what only narrows is passed over, \`HostRegexp\` is named in a warning |
| \`traefik.http.services.*.loadbalancer.server.port\`, \`.scheme\` | port, scheme |
| \`caddy\`, \`caddy_0\` … | hosts and prefixes, without scheme and port |
| \`caddy.reverse_proxy: {{upstreams 8080}}\` | port |
| \`com.docker.compose.depends_on\` | dependencies |
| \`com.docker.compose.project\`, \`.service\`, \`.container-number\` | identity, and the name that people read |
| Ingresses of Kubernetes, and the Service that they lead to | hosts, prefixes, port |
| \`com.docker.compose.oneoff\` | containers of \`docker compose run\` are never targets |

## What labels may not do

Labels define no programs, no engines and no listeners, and \`wakegate.address\` takes a host with or without a port, never a URL.`;

function cliPage(): string {
  const output: Output = { out: () => undefined, err: () => undefined, color: false };
  const block = (text: string): string => `\`\`\`\n${text}\n\`\`\``;
  return (
    [
      "# Command line",
      MADE,
      block(generalHelp(output)),
      ...commands.flatMap((command) => [`## wakegate ${command.name}`, block(commandHelp(command, output))]),
    ].join("\n\n") + "\n"
  );
}

type More = (path: string) => readonly string[];

function sections(
  schema: z.core.$ZodType,
  names: readonly string[],
  depth: number,
  more: More,
  prefix = "",
): string {
  return names
    .flatMap((name) => {
      const path = prefix + name;
      const child = schemaAt(schema, [name]);
      const named = child && namedGroup(child);
      const group = named ?? child;
      const shape = group && shapeOf(group);
      const inside = named ? `${path}.NAME.` : `${path}.`;
      const below =
        shape && group ? sections(group, Object.keys(shape), Math.min(depth + 1, 5), more, inside) : "";
      return [`${"#".repeat(depth)} ${path}`, described(child, more(path)), ...(below ? [below] : [])];
    })
    .join("\n\n");
}

/** What stands under each name of a group of names, where that has keys of its own. */
function namedGroup(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const inner = inputOf(schema);
  if (!(inner instanceof z.ZodRecord)) return undefined;
  return shapeOf(inner.def.valueType) ? inner.def.valueType : undefined;
}

function described(schema: z.core.$ZodType | undefined, more: readonly string[]): string {
  const notes = notesOf(schema);
  const fallback = fallbackOf(schema);
  const lines = [
    `Form: ${formOf(schema)}`,
    ...(fallback ? [`Default: ${fallback}`] : []),
    ...(notes.examples
      ? [`Example: ${notes.examples.map((example) => `\`${yamlText(example)}\``).join(" or ")}`]
      : []),
    ...more,
  ];
  const group = schema && shapeOf(schema);
  return group ? notes.description : `${notes.description}\n\n${lines.map((line) => `- ${line}`).join("\n")}`;
}

function fallbackOf(schema: z.core.$ZodType | undefined): string {
  const { default: value, defaultText } = notesOf(schema);
  return defaultText ?? (value === undefined ? "" : `\`${yamlText(value)}\``);
}

function formOf(schema: z.core.$ZodType | undefined): string {
  const inner = schema && inputOf(schema);
  if (inner instanceof z.ZodBoolean) return "`true` or `false`";
  if (inner instanceof z.ZodEnum) return inner.options.map((value) => `\`${String(value)}\``).join(", ");
  if (inner instanceof z.ZodNumber)
    return `whole number, ${String(inner.minValue)} to ${String(inner.maxValue)}`;
  if (inner instanceof z.ZodArray) return "list";
  if (inner instanceof z.ZodRecord) return "group of names and values";
  if (inner instanceof z.ZodUnion) return "number, text or list";
  return "text";
}

function labelExample(schema: z.core.$ZodType | undefined): string {
  const [group] = notesOf(schema).examples ?? [];
  // Of a group of names a label has one.
  const example: unknown =
    typeof group === "object" && !Array.isArray(group) ? Object.values(group ?? {})[0] : group;
  if (example === undefined) return "";
  return `\`${Array.isArray(example) ? example.join(",") : yamlText(example)}\``;
}

function notesOf(schema: z.core.$ZodType | undefined): KeyNotes {
  const bare = schema instanceof z.ZodExactOptional ? schema.def.innerType : schema;
  const notes = bare ? z.globalRegistry.get(bare) : undefined;
  return { ...notes, description: notes?.description ?? "" };
}

function yamlText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => yamlText(item)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value)
      .map(([name, item]) => `${name}: ${yamlText(item)}`)
      .join(", ")} }`;
  }
  const text = String(value);
  return typeof value === "string" && /^[*&!{[]|^\d+$/.test(text) ? `"${text}"` : text;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function readOr(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, ROOT), "utf8");
  } catch {
    return undefined;
  }
}

function main(args: readonly string[]): number {
  const drifted = driftedFiles();
  if (args.includes("--check")) {
    for (const name of drifted)
      process.stderr.write(`docs/reference/${name} differs from the schema: run npm run docs\n`);
    return drifted.length > 0 ? 1 : 0;
  }
  mkdirSync(dirname(fileURLToPath(new URL("x", ROOT))), { recursive: true });
  for (const [name, content] of referenceFiles()) writeFileSync(new URL(name, ROOT), content);
  return 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = main(process.argv.slice(2));
