import type { TargetHandle } from "../../watchers/handle.ts";
import { textField, writePacket } from "./packets.ts";

/** The answer to a status request: what the server list shows of a server that is not up. */
export function statusAnswer(handle: TargetHandle, protocol: number): Buffer {
  const status = {
    version: { name: shortWord(handle), protocol },
    players: { max: 0, online: 0 },
    description: { text: describe(handle) },
  };
  return writePacket(0, textField(JSON.stringify(status)));
}

/** The answer to the ping of clients before 1.7: a kick with the same words. */
export function legacyAnswer(handle: TargetHandle): Buffer {
  const text = `\u00A71\u0000127\0${shortWord(handle)}\0${describe(handle)}\u00000\u00000`;
  const body = Buffer.from(text, "utf16le").swap16();
  const head = Buffer.from([0xff, 0, 0]);
  head.writeUInt16BE(text.length, 1);
  return Buffer.concat([head, body]);
}

/** Ends a login with words that the player sees. */
export function disconnect(text: string): Buffer {
  return writePacket(0, textField(JSON.stringify({ text })));
}

/** What a player who cannot be held any longer is told. */
export function startingMessage(handle: TargetHandle): string {
  const left = leftMs(handle);
  const when = left === undefined ? "in a minute" : `in about ${seconds(left)}`;
  return `${handle.spec.displayName} is starting. Please join again ${when}.`;
}

function describe(handle: TargetHandle): string {
  const { gate } = handle;
  switch (gate.kind) {
    case "ready":
      return "Ready";
    case "asleep": {
      if (gate.mayNotWake) return "Asleep, and may not be started now";
      const { usuallyMs } = handle.learned();
      return `Asleep. Join to start${usuallyMs === undefined ? "" : ` (takes about ${seconds(usuallyMs)})`}`;
    }
    case "coming": {
      const left = leftMs(handle);
      return left === undefined ? "Starting" : `Starting, about ${seconds(left)} left`;
    }
    case "failed":
      return "Could not be started. Join to try again";
    case "missing":
      return "Not available";
  }
}

function shortWord({ gate }: TargetHandle): string {
  return gate.kind === "coming" ? "starting" : gate.kind === "asleep" ? "asleep" : "not up";
}

function leftMs(handle: TargetHandle): number | undefined {
  const { etaMs, elapsedMs = 0 } = handle.progress();
  return etaMs === undefined ? undefined : Math.max(1_000, etaMs - elapsedMs);
}

function seconds(ms: number): string {
  return `${String(Math.max(1, Math.round(ms / 1_000)))} s`;
}
