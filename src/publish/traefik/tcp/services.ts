import type { TcpSpec } from "../../../config/model/stream.ts";
import type { PublishOptions, PublishTarget, Warn } from "../input.ts";
import type { Json, JsonObject } from "../json.ts";
import type { LabelParts } from "../labels/parts.ts";
import { providerOf, withProvider, type LabelProvider } from "../provider-name.ts";
import { groupOf } from "../references.ts";
import { shimAddress } from "./shim-address.ts";

/** A service that leads to a listener of Wakegate's, or why there is none. */
export type TcpService =
  | { readonly name: string; readonly value: JsonObject; readonly listener: TcpSpec }
  | { readonly name: string; readonly problem: string };

/**
 * The services of a target by their names in lower case: those of its labels, else one with the target's name,
 * as Traefik makes one.
 */
export function tcpServices(
  target: PublishTarget,
  parts: LabelParts,
  { internalUrl, version }: PublishOptions,
  warn: Warn,
): ReadonlyMap<string, TcpService> {
  const services = new Map<string, TcpService>();
  for (const [key, { name, value, faults, label }] of parts.services) {
    const [fault] = faults;
    const { server, healthCheck, ...rest } = groupOf(value["loadBalancer"]);
    const { port, ...more } = groupOf(server);
    if (healthCheck !== undefined) {
      warn(
        label,
        undefined,
        `the service ${name} has a check of health, which is left out: it would keep the target awake`,
      );
    }
    const found = fault ? { problem: fault.message } : shimAddress(target, text(port), internalUrl);
    if ("problem" in found) services.set(key, { name, problem: found.problem });
    else services.set(key, { name, ...serviceOf(found, transport(rest, providerOf(target, version)), more) });
  }
  if (parts.services.size > 0) return services;
  const { name } = target.spec;
  const found = shimAddress(target, undefined, internalUrl);
  return services.set(name, "problem" in found ? { name, ...found } : { name, ...serviceOf(found, {}, {}) });
}

function serviceOf(
  { address, listener }: { readonly address: string; readonly listener: TcpSpec },
  balancer: JsonObject,
  server: JsonObject,
): { readonly value: JsonObject; readonly listener: TcpSpec } {
  return { value: { loadBalancer: { ...balancer, servers: [{ ...server, address }] } }, listener };
}

/** Transports are never on labels. */
function transport({ serversTransport, ...rest }: JsonObject, provider: LabelProvider): JsonObject {
  if (typeof serversTransport !== "string") return rest;
  return { ...rest, serversTransport: withProvider(serversTransport, provider) };
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
