import type { IncomingMessage } from "node:http";

/** More than any form of ours holds: a token and little else. */
const MAX_BYTES = 16 * 1024;

/**
 * The fields of a small form (`application/x-www-form-urlencoded`) or JSON object. Empty for anything
 * else, and for a body that is too long, broken off or not what it says. Never rejects.
 */
export async function readFields(req: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) return new URLSearchParams();
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString();
    return req.headers["content-type"]?.includes("json") === true
      ? fromJson(text)
      : new URLSearchParams(text);
  } catch {
    return new URLSearchParams();
  }
}

function fromJson(text: string): URLSearchParams {
  const fields = new URLSearchParams();
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) return fields;
  for (const [name, field] of Object.entries(value)) if (typeof field === "string") fields.set(name, field);
  return fields;
}
