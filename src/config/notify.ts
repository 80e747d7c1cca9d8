import type * as z from "zod";
import type { IssuePlaces } from "./file/issues.ts";
import type { Problem } from "./model.ts";
import type { SecretSource } from "./model/engine.ts";
import type { NotifySettings } from "./model/notify.ts";
import { NEWS_EVENTS, type notifySchema } from "./schema/notify.ts";

type Layer = z.output<typeof notifySchema>;

const ENGINE_GRACE_MS = 120_000;
const REPEAT_AFTER_MS = 6 * 3_600_000;

/** Completes the settings; unset where there is nowhere to send to. */
export function toNotify(layer: Layer | undefined): NotifySettings | undefined {
  const { webhook, ntfy } = layer ?? {};
  if (webhook?.url === undefined && ntfy?.topic === undefined) return undefined;
  const secret = sourceOf(webhook?.secret, webhook?.secret_file);
  const token = sourceOf(ntfy?.token, ntfy?.token_file);
  return {
    events: layer?.events ?? NEWS_EVENTS,
    engineGraceMs: layer?.engine_grace ?? ENGINE_GRACE_MS,
    repeatAfterMs: layer?.repeat_after ?? REPEAT_AFTER_MS,
    ...(webhook?.url !== undefined && { webhook: { url: webhook.url, ...(secret && { secret }) } }),
    ...(ntfy?.topic !== undefined && {
      ntfy: {
        url: ntfy.url ?? "https://ntfy.sh",
        topic: ntfy.topic,
        ...(token && { token }),
        priority: ntfy.priority ?? "high",
        ...(ntfy.title !== undefined && { title: ntfy.title }),
      },
    }),
  };
}

/** What does not fit together. Never tells a secret. */
export function checkNotify(layer: Layer | undefined, places: IssuePlaces): readonly Problem[] {
  const { webhook, ntfy } = layer ?? {};
  const report = (key: string, message: string): Problem => {
    const path = ["notify", ...key.split(".")];
    return {
      severity: "error",
      where: places.where(path),
      key: places.keyName?.(path) ?? path.join("."),
      message,
    };
  };
  const pair = (group: string, name: string, text: unknown, file: unknown): Problem[] => [
    ...(text === null ? [report(`${group}.${name}`, "is empty: write the secret, or remove the key")] : []),
    ...(text !== undefined && file !== undefined
      ? [report(`${group}.${name}`, `there is ${name}_file as well: keep one of them`)]
      : []),
  ];
  return [
    ...(webhook && webhook.url === undefined
      ? [report("webhook", "has no url: add the address that gets the messages")]
      : []),
    ...(ntfy && ntfy.topic === undefined
      ? [report("ntfy", "has no topic: add one that is hard to guess")]
      : []),
    ...pair("webhook", "secret", webhook?.secret, webhook?.secret_file),
    ...pair("ntfy", "token", ntfy?.token, ntfy?.token_file),
  ];
}

function sourceOf(text: string | null | undefined, file: string | undefined): SecretSource | undefined {
  if (file !== undefined) return { file };
  return typeof text === "string" ? { text } : undefined;
}
