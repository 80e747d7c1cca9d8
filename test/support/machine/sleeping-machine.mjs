// A machine for tests, to be run in a network namespace of its own: deaf to everything but magic packets while it
// sleeps, an HTTP server while it is awake. SIGUSR1 suspends it. usage: sleeping-machine.mjs MAC HTTP_PORT
import { createSocket } from "node:dgram";
import { createServer } from "node:http";

const [mac = "", port = "8080"] = process.argv.slice(2);
const wanted = "ff".repeat(6) + mac.replaceAll(":", "").repeat(16);
let server;
let boots = 0;

const card = createSocket({ type: "udp4", reuseAddr: true });
card.on("message", (message, { address }) => {
  if (!message.toString("hex").includes(wanted) || server) return;
  boots++;
  process.stdout.write(`woken by a packet from ${address}\n`);
  server = createServer((_, response) => response.end(`boot ${boots}\n`));
  server.listen(Number(port), () => process.stdout.write("up\n"));
});
card.bind(9, () => process.stdout.write("asleep\n"));

process.on("SIGUSR1", () => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  process.stdout.write("suspended\n");
});
