import * as z from "zod";
import { jsonSchema } from "../src/admin/api/openapi.ts";
import { operations, type Operation } from "../src/admin/api/operations.ts";
import { targetSchema } from "../src/admin/api/schemas.ts";
import { metricDefinitions, type MetricDefinition } from "../src/admin/metrics/definitions.ts";

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
}

/** The reference of the API. */
export function apiPage(made: string): string {
  return (
    [
      "# API",
      made,
      "The API answers on the internal listener under `/api/v1`. [OpenAPI](https://spec.openapis.org/oas/v3.1.0) is served at `/api/v1/openapi.json`.",
      ACCESS,
      "## Calls",
      `| call | may | what |\n| --- | --- | --- |\n${operations
        .map(
          ({ method, path, access, summary }) =>
            `| \`${method.toUpperCase()} ${path}\` | ${access} | ${summary} |`,
        )
        .join("\n")}`,
      ...operations.flatMap(section),
      "## Target",
      "Moments are ISO 8601 in UTC, spans are milliseconds. Labels, environment and commands of containers are never told.",
      fields(jsonSchema(targetSchema, "output")),
    ].join("\n\n") + "\n"
  );
}

const ACCESS = `## Who may

- \`Authorization: Bearer TOKEN\`. Tokens are configured with \`api.token\` (WAKEGATE_API_TOKEN), \`api.token_file\` or \`api.tokens\`; \`wakegate token --new\` makes one. Only their hashes are kept. A \`read:\` token may only read.
- The token of the installation, an admin's, is always accepted. Wakegate makes it at its first start and keeps it in the file \`local-token\` of its state folder, for its own user alone; \`wakegate token\` prints it, and the command line reads it by itself. Where a request comes from gives no right.
- With \`api.user_header\`, whoever the single sign-on names in that header, from \`trusted_proxies\` alone.

Calls that change something are POST or DELETE and need \`Content-Type: application/json\` or the header \`X-Wakegate-Request\`; an \`Origin\` of another site is refused. An empty body is allowed.

Errors are problem documents (RFC 9457, \`application/problem+json\`) with a stable word in \`error\`: 400 not as expected, 401 no or wrong token, 403 may not, 404 no such thing.

\`\`\`sh
curl -H "Authorization: Bearer $WAKEGATE_TOKEN" http://127.0.0.1:9190/api/v1/targets
curl -X POST -H "Authorization: Bearer $WAKEGATE_TOKEN" -H "Content-Type: application/json" \\
  -d '{"for": "2h", "reason": "film night"}' http://127.0.0.1:9190/api/v1/targets/jellyfin/pin
\`\`\``;

function section(operation: Operation): string[] {
  const { method, path, summary, body, query, status, answer, refusals } = operation;
  const shape = body && (jsonSchema(body, "input") as Node);
  const given = shape && Object.keys(shape.properties ?? {}).length > 0 ? fields(shape) : undefined;
  const same = answer === targetSchema;
  const told = z.toJSONSchema(answer, { unrepresentable: "any" }).properties;
  return [
    `### ${method.toUpperCase()} ${path}`,
    `${summary}.`,
    ...(given === undefined ? [] : ["Body:", given]),
    ...(query
      ? [
          `Query:`,
          Object.entries(query)
            .map(([name, meaning]) => `- \`${name}\`: ${meaning}`)
            .join("\n"),
        ]
      : []),
    [
      status === 204
        ? `- ${String(status)}: no body`
        : `- ${String(status)}: ${same ? "the [target](#target)" : told ? `\`${Object.keys(told).join("`, `")}\`` : "a JSON object"}`,
      ...Object.entries(refusals ?? {}).map(([code, why]) => `- ${code}: ${why}`),
    ].join("\n"),
  ];
}

function fields(node: Node): string {
  const rows = Object.entries(node.properties ?? {}).map(([name, child]) => {
    const optional = node.required?.includes(name) === true ? "" : " (optional)";
    return `| \`${name}\` | ${formOf(child)}${optional} | ${child.description ?? ""} |`;
  });
  return `| field | form | meaning |\n| --- | --- | --- |\n${rows.join("\n")}`;
}

function formOf(node: Node): string {
  if (node.enum) return node.enum.map((word) => `\`${word}\``).join(", ");
  if (node.format === "date-time") return "moment";
  if (node.items) return `list of ${node.items.properties ? "groups" : formOf(node.items)}`;
  if (node.properties)
    return `group of ${Object.keys(node.properties)
      .map((name) => `\`${name}\``)
      .join(", ")}`;
  return node.type ?? "text";
}

/** The reference of the metrics. */
export function metricsPage(made: string): string {
  const rows = Object.entries(metricDefinitions).map(([name, definition]) => {
    const { kind, help, labels }: MetricDefinition = definition;
    return `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`;
  });
  return (
    [
      "# Metrics",
      made,
      "Prometheus reads them from `/metrics` on the internal listener. Who may is said by [api.metrics](configuration.md#apimetrics). Labels are bounded: a target's name, an engine's name, or one of a few words; nothing that a visitor sends becomes a label. The usual `process_*` and `nodejs_*` metrics stand beside them. [examples/grafana](../../examples/grafana/) has a dashboard.",
      "```yaml\nscrape_configs:\n  - job_name: wakegate\n    static_configs:\n      - targets: [wakegate:9190]\n```",
      `| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join("\n")}`,
    ].join("\n\n") + "\n"
  );
}
