import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";

/** One connection for each question at a time, kept as a proxy keeps it. */
const agent = new Agent({ keepAlive: true });

/** One forward-auth call by hand, for a host and with more headers. fetch would add its own. */
export async function askVerdict(
  internal: string,
  host: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const call = request(`http://${internal}/api/authz/forward-auth`, {
    agent,
    headers: {
      "X-Forwarded-Method": "GET",
      "X-Forwarded-Host": host,
      "X-Forwarded-Uri": "/",
      "X-Forwarded-For": "203.0.113.7",
      ...headers,
    },
  }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}
