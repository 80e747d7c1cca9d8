import type { AppPreset } from "../apps.ts";

/** https://docs.ollama.com/api, and its sources: `/` says "Ollama is running" (server/routes.go). */
export const ollama: AppPreset = {
  title: "Ollama",
  reason:
    "`/` answers as soon as the server is up; models load with the first question. Front ends list models and versions whenever they are open: that may wake it, since an empty list confuses them, but only questions are use. It is stopped, not paused, so that the memory of the graphics card becomes free.",
  options: {
    port: 11_434,
    idle_timeout: "30m",
    stop_method: "stop",
    readiness: { kind: "http", path: "/", status: "200" },
    rules: {
      lists: {
        match: {
          methods: ["GET", "HEAD"],
          paths: ["/", "/api/version", "/api/tags", "/api/ps", "/v1/models"],
        },
        counts: false,
      },
    },
  },
};
