import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeDocker } from "../../test/support/fake-docker.ts";
import { hostOf, type EngineOptions, type EngineOrder, type EngineSaid } from "./engine.ts";

/** The process behind `startEngine`. Ends with its parent. */
const options = JSON.parse(process.argv[2] ?? "{}") as EngineOptions;
let status = 200;
const app = createServer((_, response) => response.writeHead(status).end());
app.listen(0, "127.0.0.1");
await new Promise((resolve) => app.once("listening", resolve));
const { port } = app.address() as AddressInfo;

const fake = await FakeDocker.start();
const ids = Array.from({ length: options.containers }, (_, index) => {
  const labels = {
    enable: "true",
    hosts: hostOf(index),
    address: `127.0.0.1:${String(port)}`,
    ...options.labels,
  };
  const runs = index < options.running;
  return fake.add(`app-${String(index)}`, {
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`wakegate.${key}`, value])),
    status: runs ? "running" : "exited",
    ...(runs && { startedAt: new Date().toISOString() }),
  }).id;
});

const calls = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const call of fake.calls) counts[call] = (counts[call] ?? 0) + 1;
  return counts;
};

const say = (): void => {
  const said: EngineSaid = { url: fake.url, calls: calls() };
  process.send?.(said);
};

process.on("message", (order: EngineOrder) => {
  switch (order.kind) {
    case "calls":
      break;
    case "forget-calls":
      fake.calls.length = 0;
      fake.rawCalls.length = 0;
      break;
    case "become": {
      const container = fake.containers.get(ids[order.index] ?? "");
      if (!container) throw new Error(`no container ${String(order.index)}`);
      container.status = order.status;
      if (order.status === "running") container.startedAt = new Date().toISOString();
      fake.emit(container.id, order.action);
      break;
    }
    case "answer":
      ({ status } = order);
      break;
    case "gap":
      fake.endStreams();
  }
  say();
});
process.on("SIGTERM", () => process.exit(0));
process.on("disconnect", () => process.exit(0));
say();
