import type { MachineProbe, WolEngineSpec } from "../../config/model/machine.ts";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { probeHttp } from "../../lib/http-probe.ts";
import { deadline } from "../../lib/signals.ts";
import { probeTcp } from "../../lib/tcp-probe.ts";
import { act } from "../command/controls.ts";
import type { Controls } from "../machine/controls.ts";
import { ProviderError } from "../provider.ts";
import { magicPacket } from "./magic-packet.ts";
import { sendPacket } from "./send-packet.ts";

/** Nothing answers a magic packet, and a card that is just going down hears none: it is sent again and again. */
const REPEAT_MS = 2_000;

/** Switches on by magic packets, looks by a probe, and switches off by a command where one is given. */
export function wolControls(spec: WolEngineSpec, clock: Clock): Controls {
  const { sleep } = spec;
  const packet = magicPacket(spec.mac, spec.secureOn);
  return {
    what: spec.mac,
    repeatMs: REPEAT_MS,
    async isOn(signal) {
      using limit = deadline(clock, spec.statusTimeoutMs, `probe of ${spec.target}`, signal);
      const answers = await probe(spec.status, clock, limit.signal);
      signal.throwIfAborted();
      return answers;
    },
    async switchOn(signal) {
      try {
        await sendPacket(packet, { host: spec.broadcast, port: spec.port }, signal);
      } catch (error) {
        signal.throwIfAborted();
        const message = `machine ${spec.target}: the magic packet could not be sent to ${spec.broadcast}: ${messageOf(error)}`;
        throw new ProviderError("engine_failed", spec.name, message, { cause: error });
      }
    },
    ...(sleep && { switchOff: (signal: AbortSignal) => act(spec, "sleep", sleep, clock, signal) }),
  };
}

/** Any HTTP answer, or a TCP connection that stays open. A machine that is off says nothing: that is no failure. */
async function probe(status: MachineProbe, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const { scheme, host, port, path } = status;
  const result =
    scheme === "tcp"
      ? await probeTcp({ address: status, clock }, signal)
      : await probeHttp(status, { scheme, path, clock, host: `${host}:${String(port)}` }, signal);
  return result.kind === "answer";
}
