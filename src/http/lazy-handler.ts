import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../errors.ts";
import type { Log } from "../lib/log.ts";

/** Answers a request. */
export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/**
 * A handler that is made for its first request. Koa and what hangs on it are a good part of the program's start, and
 * verdicts need none of it.
 */
export function lazyHandler(make: () => Promise<Handler>, log: Log): Handler {
  let made: Handler | undefined;
  let making: Promise<Handler> | undefined;
  return (req, res) => {
    if (made) return made(req, res);
    making ??= make();
    void answer(making, req, res);
  };
  async function answer(handler: Promise<Handler>, req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      made = await handler;
    } catch (error) {
      // The next request tries again.
      making = undefined;
      log.error("http_failed", messageOf(error), { error });
      res.writeHead(500, { "Content-Length": 0, "Cache-Control": "no-store" }).end();
      return;
    }
    made(req, res);
  }
}
