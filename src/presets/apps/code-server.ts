import type { AppPreset } from "../apps.ts";

/** https://coder.com/docs/code-server; `/healthz` beats no heart (pull request 2333). */
export const codeServer: AppPreset = {
  title: "code-server",
  reason:
    "`/healthz` answers without counting as use, in code-server's own bookkeeping too. An open tab holds a WebSocket, and that is a session.",
  options: {
    idle_timeout: "30m",
    readiness: { kind: "http", path: "/healthz", status: "200" },
    rules: { health: { match: { paths: ["/healthz"] }, wakes: false } },
  },
};
