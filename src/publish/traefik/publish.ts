import type { Problem } from "../../config/model.ts";
import { canAnswerMonitors, FIRST_WITH_GREEN } from "./http/monitors.ts";
import { publishHttp } from "./http/publish-http.ts";
import type { Published, PublishOptions, PublishTarget, Section, Warn } from "./input.ts";
import { toText, withoutEmpty, type JsonObject } from "./json.ts";
import { anyLabel, childOf, labelTree } from "./labels/label-tree.ts";
import { publishTcp } from "./tcp/publish-tcp.ts";
import { formatVersion } from "./version.ts";

/**
 * Makes Traefik's dynamic configuration out of the targets' own labels. Pure: it knows nothing of who sleeps,
 * and the same targets in any order give the same bytes.
 */
export function publish(targets: readonly PublishTarget[], options: PublishOptions): Published {
  const sorted = [...targets]
    .filter(({ spec }) => spec.traefik?.publish !== false)
    .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  const warnings = new Map<string, Problem>();
  const warnFor =
    ({ where }: PublishTarget): Warn =>
    (key, value, message) => {
      const problem: Problem = {
        severity: "warning",
        where,
        key,
        message,
        ...(value === undefined ? {} : { value }),
      };
      warnings.set([where, key, message].join("\n"), problem);
    };
  if (options.monitors === true && sorted.length > 0 && !canAnswerMonitors(options)) {
    const needs = formatVersion(FIRST_WITH_GREEN);
    const message = `needs Traefik ${needs}: set publish.traefik.version to "${needs}" or later if your Traefik is. Until then monitors get 503 from what sleeps`;
    warnings.set("", { severity: "warning", where: "publish.traefik", key: "monitors", message });
  }
  for (const target of sorted) tellUdp(target, warnFor(target));
  const http = publishHttp(sorted, options, warnFor);
  // A connection cannot be told why it ends.
  const streams = sorted.filter(({ broken }) => !broken);
  const tcp = publishTcp(streams, options, warnFor);
  return {
    text: toText(withoutEmpty({ http: withoutEmptyParts(http), tcp: withoutEmptyParts(tcp) })),
    warnings: [...warnings.values()],
  };
}

function withoutEmptyParts({ routers, services, middlewares }: Section): JsonObject {
  return withoutEmpty({ routers, services, middlewares });
}

function tellUdp(target: PublishTarget, warn: Warn): void {
  const udp = childOf(labelTree(target.labels, "traefik."), "udp");
  const label = udp && anyLabel(udp);
  if (label === undefined) return;
  const message =
    "UDP routers are left to Traefik: a datagram to them wakes nothing. Let clients send to wakegate.udp itself";
  warn(label, target.labels[label], message);
}
