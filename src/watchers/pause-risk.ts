import type { TargetOptions } from "../config/model.ts";
import type { Instance } from "../providers/provider.ts";
import { firstTier } from "./tiers.ts";

/** Images that are known not to take a pause well, and why. */
const BAD: readonly (readonly [RegExp, string])[] = [
  [
    /(?:^|\/)(?:minecraft-server|papermc|paper|spigot|forge-server)(?::|@|$)/,
    "its watchdog takes the thaw for a hang and crashes the server: set max-tick-time=-1, or stop it instead",
  ],
  [
    /(?:^|\/)(?:etcd|consul|zookeeper|cp-zookeeper|rabbitmq|vault|nomad)(?::|@|$)/,
    "members of a cluster that stand still lose their leases and are thrown out",
  ],
  [
    /(?:^|\/)(?:wireguard|tailscale|gluetun|openvpn)(?::|@|$)/,
    "a tunnel that stands still is down for everybody who uses it",
  ],
  [
    /(?:^|\/)(?:home-assistant|homeassistant|zigbee2mqtt|mosquitto|eclipse-mosquitto)(?::|@|$)/,
    "devices that cannot reach it meanwhile fall silent or fall off",
  ],
];

/** Why pausing this instance is a bad idea; undefined: nothing is known against it. Pure. */
export function pauseRisk(
  spec: TargetOptions,
  { gpu, image }: Pick<Instance, "gpu" | "image">,
): string | undefined {
  if (firstTier(spec).method !== "pause") return undefined;
  if (gpu === true) {
    return "it uses a graphics card, whose memory a pause does not free, and whose driver may not survive one: stop it instead";
  }
  return BAD.find(([pattern]) => pattern.test(image))?.[1];
}
