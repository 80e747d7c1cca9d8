import { parseArgs } from "node:util";
import { WakegateError } from "../../errors.ts";
import { styled, type Output, type Style } from "../output.ts";
import { remoteEvents, type RemoteEvent } from "./events.ts";
import { untilInterrupted } from "./interrupt.ts";
import { REMOTE_ARGS, remoteClient } from "./remote-options.ts";

/** `wakegate logs [NAME]`: what happened, and with `--follow` what happens. */
export async function logs(args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...REMOTE_ARGS,
      follow: { type: "boolean", short: "f" },
      json: { type: "boolean" },
    },
  });
  const [target, ...more] = positionals;
  if (more.length > 0) throw new WakegateError("usage", "name one target, or none for all");
  const client = await remoteClient(values);
  const tell = (event: RemoteEvent): void =>
    output.out(values.json ? JSON.stringify(event) : line(event, target === undefined, output));
  return await untilInterrupted(async (signal) => {
    if (!values.follow) {
      const query = target === undefined ? "" : `&target=${encodeURIComponent(target)}`;
      const { events } = await client.get<{ events: RemoteEvent[] }>(`/events?format=json${query}`, signal);
      for (const event of events) tell(event);
      return 0;
    }
    const query = {
      ...(target !== undefined && { target }),
      replay: true,
      onLost: (message: string) => output.err(`connection lost, trying again: ${message}`),
    };
    for await (const event of remoteEvents(client, query, signal)) tell(event);
    return 0;
  });
}

const STYLES: Readonly<Record<string, Style>> = { ready: "yellow", failed: "red", missing: "red" };

function line({ timestamp, target, type, message }: RemoteEvent, named: boolean, output: Output): string {
  const at = new Date(timestamp);
  const two = (n: number): string => String(n).padStart(2, "0");
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const day = `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const style = STYLES[type];
  const text = message.replaceAll("\u00a0", " ");
  const parts = [styled(output, "dim", `${day} ${clock}`)];
  if (named) parts.push(styled(output, "bold", target ?? "wakegate"));
  parts.push(style ? styled(output, style, text) : text);
  return parts.join("  ");
}
