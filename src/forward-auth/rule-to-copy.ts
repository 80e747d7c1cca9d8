import { ruleNameOf } from "../watchers/rule-name.ts";
import type { PollerEvidence } from "./pollers.ts";

/** The rule, in the file's own language, that takes waking and counting from a poller. One line. */
export function ruleToCopy({
  client,
  path,
  userAgent,
}: Pick<PollerEvidence, "client" | "path" | "userAgent">) {
  const name = ruleNameOf(userAgent);
  const match = { clients: [client], paths: [path.replaceAll(/[*?]/g, "?")] };
  return `rules: { ${name}: { match: ${flow(match)}, wakes: false } }`;
}

/** JSON is YAML; without quotes around keys it reads like the rest of the file. */
function flow(match: Readonly<Record<string, readonly string[]>>): string {
  const parts = Object.entries(match).map(([key, values]) => `${key}: ${JSON.stringify(values)}`);
  return `{ ${parts.join(", ")} }`;
}
