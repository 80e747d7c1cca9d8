import { expect, it } from "vitest";
import { listenersIn } from "../../../src/watchers/readiness/listening.ts";
import { silentPortText } from "../../../src/watchers/readiness/silent-port.ts";

const HEAD = "  sl  local_address rem_address   st";
const table = (...lines: readonly string[]): string => [HEAD, ...lines].join("\n");

it("listening ports are read from /proc, with those that only the container itself can reach", () => {
  const tcp = table(
    "   0: 0100007F:1F90 00000000:0000 0A",
    "   1: 00000000:0BB8 00000000:0000 0A",
    // Docker's name server, and an established connection.
    "   2: 0B00007F:A1B2 00000000:0000 0A",
    "   3: 0100007F:1F91 0100007F:1F90 01",
  );
  const tcp6 = table(
    "   0: 00000000000000000000000001000000:2328 00000000000000000000000000000000:0000 0A",
    "   1: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A",
  );
  expect(listenersIn([tcp, tcp6])).toEqual([
    { port: 3000, loopbackOnly: false },
    { port: 8080, loopbackOnly: false },
    { port: 9000, loopbackOnly: true },
  ]);
});

it.each([
  [
    undefined,
    "Check that wakegate.port (or the port in the proxy's labels) is the port that the app listens on",
  ],
  [[{ port: 3000, loopbackOnly: false }], "It listens on port 3000: set wakegate.port"],
  [
    [{ port: 8080, loopbackOnly: true }],
    "It listens on port 8080 at 127.0.0.1 only: let it listen on 0.0.0.0.",
  ],
  [[], "Check that wakegate.port"],
] as const)("a silent port is explained by what listens instead: %j", (listening, advice) => {
  const text = silentPortText("web", {
    ports: [8080],
    origin: "from label wakegate.port",
    asked: ["172.18.0.2:8080"],
    ...(listening && { listening }),
  });
  expect(text).toContain(
    "web runs, but nothing listens on its port 8080 (from label wakegate.port) at 172.18.0.2:8080. ",
  );
  expect(text).toContain(advice);
});
