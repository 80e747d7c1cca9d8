import { NOT_MEANT, type Dialect, type Rendering } from "./dialect.ts";

const PREFIX = "sablier.";
const READ = new Set(["enable", "group", "ready-on-start", "running-hours", "running-days"]);

/**
 * The labels of Sablier: `enable` (only the word `true`), `group`, `ready-on-start`, `running-hours` and
 * `running-days`. A container without `sablier.group` belongs to no group here: in Sablier all of them share one
 * that only its proxy plugin can ask for.
 */
export const sablier: Dialect = (labels) => {
  if (labels["sablier.enable"] !== "true") return NOT_MEANT;
  const renderings: Rendering[] = [{ label: "wakegate.enable", value: "true", from: "sablier.enable" }];
  const hours = labels["sablier.running-hours"]?.trim();
  const days = labels["sablier.running-days"]?.trim();
  if (hours || days) {
    const from = hours ? "sablier.running-hours" : "sablier.running-days";
    const value = [days, hours].filter(Boolean).join(" ");
    renderings.push({ label: "wakegate.schedule.awake", value, from });
  }
  if (labels["sablier.ready-on-start"] === "true") {
    renderings.push({ label: "wakegate.readiness.kind", value: "none", from: "sablier.ready-on-start" });
  }
  const unread = Object.keys(labels)
    .filter((label) => label.startsWith(PREFIX) && !READ.has(label.slice(PREFIX.length)))
    .sort()
    .map((label) => ({ label, message: adviceOn(label.slice(PREFIX.length)) }));
  const groups = (labels["sablier.group"] ?? "").split(",").map((name) => name.trim());
  return { renderings, groups: groups.filter((name) => name !== ""), unread };
};

function adviceOn(name: string): string {
  if (name === "ready-after")
    return "is not read: Wakegate asks the app itself whether it is up. Where that is too early, set wakegate.readiness.path";
  if (name === "anti-affinity") return "is not read: a pool with max_awake says which apps share a place";
  if (/^(idle|active)\./.test(name))
    return "is not read: Wakegate stops or pauses a container and never changes its limits or replicas";
  return "is not read: Wakegate does not know this label of Sablier";
}
