import { parseArgs } from "node:util";
import type { Trial } from "../../admin/notify/notifier.ts";
import { WakegateError } from "../../errors.ts";
import { styled, type Output } from "../output.ts";
import { untilInterrupted } from "./interrupt.ts";
import { REMOTE_ARGS, remoteClient } from "./remote-options.ts";

/** `wakegate notify test`: one trial message by each channel. Exit code 0 when all took it. */
export async function notify(args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: REMOTE_ARGS });
  if (positionals.length !== 1 || positionals[0] !== "test")
    throw new WakegateError("usage", "there is one thing to do: wakegate notify test");
  const client = await remoteClient(values);
  const { channels } = await untilInterrupted((signal) =>
    client.post<{ channels: readonly Trial[] }>("/notify/test", {}, signal),
  );
  for (const { channel, ok, why = "" } of channels) {
    output.out(ok ? `${channel}: sent` : styled(output, "red", `${channel}: not sent: ${why}`));
  }
  return channels.every(({ ok }) => ok) ? 0 : 1;
}
