import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { between, chance } from "./dice.ts";
import type { SoakApp } from "./app.ts";
import type { Stage } from "./visits.ts";

const PATIENCE_MS = 40_000;

/** A client of a TCP listener: sends, gets all of it back, stays for a while, ends or breaks off. */
export async function tcpSession({ world, tally }: Stage, app: SoakApp): Promise<void> {
  const socket = connect({ port: app.listen, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  let back = 0;
  socket.on("data", (data: Buffer) => (back += data.length));
  const block = Buffer.alloc(Math.floor(between(1, 64 * 1024)), "s");
  socket.write(block);
  const giveUp = Date.now() + PATIENCE_MS;
  while (back < block.length && !socket.closed && Date.now() < giveUp) await pause(20);
  const calm = world.isCalm(app);
  if (back === block.length) tally.good("tcp");
  else if (calm) tally.late("tcp", `${app.name}: ${String(back)} of ${String(block.length)} bytes came back`);
  else tally.good("tcp (disturbed)");
  if (!socket.closed) {
    await pause(between(0, 10_000));
    if (chance(0.5)) socket.resetAndDestroy();
    else socket.end();
  }
  // A reset is an end as well: `once` would throw it.
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

/** A client that connects, says nothing and leaves while its app is on its way. */
export async function tcpGlance({ tally }: Stage, app: SoakApp): Promise<void> {
  const socket = connect({ port: app.listen, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  await pause(between(1, 200));
  socket.destroy();
  tally.good("tcp glance");
}
