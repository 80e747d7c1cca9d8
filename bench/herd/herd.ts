import type { Bench } from "../support/bench.ts";
import { heldRequests } from "./held-requests.ts";
import { openPages } from "./open-pages.ts";
import { heldConnections } from "./held-connections.ts";

/** Everybody comes at once. */
export const herd: Bench = {
  name: "herd",
  summary: "1,000 waiters on one wake, 5,000 open loading pages, 1,000 held TCP connections",
  async run({ brief, say }) {
    const rounds = brief ? 1 : 5;
    const requests = await heldRequests(brief ? 50 : 1_000, rounds);
    say("requests: done");
    const pages = await openPages(brief ? 50 : 5_000);
    say("pages: done");
    const connections = await heldConnections(brief ? 50 : 1_000);
    return {
      figures: [...requests, ...pages, ...connections],
      charts: [],
      notes: [
        "Simulated engine, real HTTP and TCP. All clients are one process, whose own work is part of these times.",
      ],
    };
  },
};
