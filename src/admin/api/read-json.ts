import type { IncomingMessage } from "node:http";
import { ApiProblem } from "./problem.ts";

/** More than any body of ours holds. */
const MAX_BYTES = 16 * 1_024;

/**
 * The JSON body of a request; `{}` for an empty one.
 *
 * @throws ApiProblem 400 or 413.
 */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new ApiProblem(413, "body_too_large", "The body is too large");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString().trim();
  if (text === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiProblem(400, "body_invalid", "The body is not JSON");
  }
}
