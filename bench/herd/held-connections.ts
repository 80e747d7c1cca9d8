import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startWakegate } from "../../test/e2e/support/wakegate.ts";
import { freePort } from "../../test/support/free-port.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";
import type { Figure } from "../support/bench.ts";
import { builtMain } from "../support/built.ts";
import { until } from "../support/metrics.ts";
import { residentBytes } from "../support/process-facts.ts";
import { rounded } from "../support/statistics.ts";
import { Crowd } from "./crowd.ts";

/** An echo server that takes its time to start. */
const SLOW_ECHO = `
require("node:fs").writeFileSync(process.argv[2], String(process.pid));
setTimeout(() => require("node:net").createServer((socket) => {
  socket.on("error", () => socket.destroy()).pipe(socket);
}).listen({ port: Number(process.argv[1]), host: "127.0.0.1", backlog: 4096 }), 4000);`;

/** Connections of TCP clients that are held while the target starts. */
export async function heldConnections(count: number): Promise<Figure[]> {
  await using folder = await tempFolder("bench-herd");
  const [port, listen] = [await freePort(), await freePort()];
  const pidFile = join(folder.path, "pid");
  const targets = {
    echo: {
      process: { command: [process.execPath, "-e", SLOW_ECHO, String(port), pidFile] },
      tcp: [{ listen: `127.0.0.1:${String(listen)}`, port }],
      idle_timeout: "never",
    },
  };
  await using wakegate = await startWakegate({
    yaml: `targets: ${JSON.stringify(targets)}`,
    env: { WAKEGATE_LOG_LEVEL: "info" },
    program: [await builtMain()],
  });
  const before = residentBytes(wakegate.pid);
  try {
    using crowd = await Crowd.open(listen, count);
    const times: number[] = [];
    crowd.hear((_, __, at) => times.push(at));
    crowd.say("x");
    const held = residentBytes(wakegate.pid);
    await until("all were answered", () => times.length >= count);
    return [
      {
        name: `From the first to the last of ${count.toLocaleString("en")} held TCP connections`,
        value: rounded(Math.max(...times) - Math.min(...times)),
        unit: "ms",
      },
      { name: "Memory for each held connection", value: rounded((held - before) / 1024 / count), unit: "KB" },
    ];
  } finally {
    // It outlives Wakegate.
    process.kill(-Number(await readFile(pidFile, "utf8")), "SIGKILL");
  }
}
