import type { Json, JsonObject } from "../json.ts";
import type { PublishTarget, Warn } from "../input.ts";
import type { LabelPart, LabelParts } from "../labels/parts.ts";
import type { Lookups } from "./middlewares.ts";
import { withProvider } from "../provider-name.ts";
import { groupOf, textsOf } from "../references.ts";
import { serverUrl } from "./server-url.ts";

/** A service of a target for the document, or why there is none. */
export type OwnService = { readonly value: JsonObject } | { readonly problem: string; readonly key: string };

/** The service that a label defines, with the target's static URL. */
export function ownService(
  target: PublishTarget,
  part: LabelPart,
  parts: LabelParts,
  lookups: Lookups,
  warn: Warn,
): OwnService {
  const [fault] = part.faults;
  if (fault) return { problem: fault.message, key: fault.label };
  const { server, healthCheck, passiveHealthCheck, serversTransport, ...rest } = groupOf(
    part.value["loadBalancer"],
  );
  for (const [name, check] of Object.entries({ healthCheck, passiveHealthCheck })) {
    if (check === undefined) continue;
    const label = Object.keys(target.labels).find((key) =>
      key.toLowerCase().startsWith(`${labelOf(part)}.loadbalancer.${name.toLowerCase()}`),
    );
    const message =
      "is left out: it would mark the sleeping app as down, and the first requests after a wake would fail";
    warn(label ?? part.label, label === undefined ? undefined : target.labels[label], message);
  }
  const { url, port, scheme, ...more } = groupOf(server);
  const found =
    typeof url === "string" ? { url } : serverUrl(target, text(scheme) ?? defaultScheme(parts), text(port));
  if ("problem" in found) return { problem: found.problem, key: part.label };
  const middlewares = textsOf(part.value["middlewares"]);
  const chain = middlewares.map((written) => lookups.middlewares.resolve(target.spec.name, written));
  const broken = chain.find((one) => "broken" in one);
  if (broken && "broken" in broken)
    return { problem: "needs a middleware that is left out", key: part.label };
  return {
    value: {
      ...(chain.length > 0 ? { middlewares: chain.map((one) => ("name" in one ? one.name : "")) } : {}),
      loadBalancer: {
        ...rest,
        ...(typeof serversTransport === "string"
          ? { serversTransport: withProvider(serversTransport, lookups.provider(target.spec.name)) }
          : {}),
        servers: [{ ...more, url: found.url }],
      },
    },
  };
}

/** Traefik's default, unless no label speaks of a scheme at all: then the target's own. */
function defaultScheme(parts: LabelParts): string | undefined {
  const named = [...parts.services.values()].some(
    ({ value }) => groupOf(groupOf(value["loadBalancer"])["server"])["scheme"] !== undefined,
  );
  return named ? "http" : undefined;
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** `traefik.http.services.blog`, in lower case. */
function labelOf({ label }: LabelPart): string {
  return label.toLowerCase().split(".").slice(0, 4).join(".");
}
