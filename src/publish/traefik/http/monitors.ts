import { TRAFFIC_PRESETS } from "../../../presets/traffic.ts";
import type { PublishOptions } from "../input.ts";
import type { JsonObject } from "../json.ts";
import { ASLEEP_PATH, ASLEEP_STATUS } from "../monitor-status.ts";
import { priorityAbove } from "../priority.ts";
import { atLeast, type TraefikVersion } from "../version.ts";
import { GREEN, PUBLIC_SERVICE, questionTo } from "./own.ts";
import type { OwnRouter } from "./routers.ts";

/** The first version whose page for errors can change the status. */
export const FIRST_WITH_GREEN: TraefikVersion = [3, 4];

/** True where monitors can be given a green answer. */
export function canAnswerMonitors({ monitors, version }: PublishOptions): boolean {
  return monitors === true && atLeast(version, FIRST_WITH_GREEN);
}

/** The question in a monitor's name. */
export function monitorGate(target: string, options: PublishOptions): JsonObject {
  return questionTo(`monitor/${target}`, options);
}

/** "Asleep", and nothing else, becomes 200. */
export const greenMiddleware: JsonObject = {
  errors: {
    status: [String(ASLEEP_STATUS)],
    statusRewrites: { [ASLEEP_STATUS]: 200 },
    service: PUBLIC_SERVICE,
    query: ASLEEP_PATH,
  },
};

/**
 * The same way to the app for monitors alone, one priority higher: all that stands before Wakegate's question,
 * single sign-on for instance, stands before theirs.
 */
export function monitorRouter({ value, rule }: OwnRouter, gate: string, ownGate: string): JsonObject {
  const chain = (value["middlewares"] as readonly string[]).flatMap((name) =>
    name === gate ? [GREEN, ownGate] : [name],
  );
  const matcher = value["ruleSyntax"] === "v2" ? "HeadersRegexp" : "HeaderRegexp";
  const own = value["priority"];
  return {
    ...value,
    rule: `(${rule}) && ${matcher}(\`User-Agent\`, \`${AGENTS}\`)`,
    middlewares: chain,
    priority: priorityAbove(own, 0),
  };
}

/** The preset's user agents as one expression of Go's. */
const AGENTS = `(?i)${TRAFFIC_PRESETS.monitors.rules
  .flatMap(({ match }) => match.userAgents ?? [])
  .map(toExpression)
  .join("|")}`;

/** A glob is about the whole text, an expression about any part of it. */
function toExpression(glob: string): string {
  return `^${glob.split("*").map(escape).join(".*")}$`.replace(/^\^\.\*/, "").replace(/\.\*\$$/, "");
}

function escape(text: string): string {
  return text.replace(/[.+?^$()[\]{}|\\/]/g, "\\$&").replaceAll("\\/", "/");
}
