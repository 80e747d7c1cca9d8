import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { SecretSource } from "../../config/model/engine.ts";
import type { NotifySettings } from "../../config/model/notify.ts";
import { messageOf, WakegateError } from "../../errors.ts";
import type { News } from "./news.ts";

/** Where messages go. */
export interface Channel {
  readonly name: "webhook" | "ntfy";
  /** For people and the log: never more than the host. */
  readonly place: string;
  /** The settings that it was made of, to know whether they changed. */
  readonly settings: unknown;
  /**
   * The request for one message; made anew for each try, because the signature carries the time.
   *
   * @throws WakegateError `config_invalid` when a file with a secret cannot be read.
   */
  message(news: News, delivery: Delivery): Promise<HttpMessage>;
}

/** One message on its way. */
export interface Delivery {
  /** The same for each try: a receiver knows by it what it has seen. */
  readonly id: string;
  /** Wall ms of this try. */
  readonly now: number;
}

/** A POST. */
export interface HttpMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The channels that are configured. */
export function channelsOf(settings: NotifySettings | undefined): readonly Channel[] {
  return [
    ...(settings?.webhook ? [webhook(settings.webhook)] : []),
    ...(settings?.ntfy ? [ntfy(settings.ntfy)] : []),
  ];
}

/** True when both send the same to the same place. */
export function sameChannel(a: Channel, b: Channel): boolean {
  return a.name === b.name && isDeepStrictEqual(a.settings, b.settings);
}

function webhook(settings: NonNullable<NotifySettings["webhook"]>): Channel {
  const { url, secret } = settings;
  return {
    name: "webhook",
    place: new URL(url).host,
    settings,
    async message(news, { id, now }) {
      const { event, tone, title, message, target, engine, at } = news;
      const body = JSON.stringify({
        version: 1,
        id,
        event,
        tone,
        title,
        message,
        ...(target !== undefined && { target }),
        ...(engine !== undefined && { engine }),
        timestamp: new Date(at).toISOString(),
      });
      const seconds = String(Math.floor(now / 1_000));
      const key = secret && (await secretOf(secret, "notify.webhook.secret_file"));
      return {
        url,
        headers: {
          "Content-Type": "application/json",
          "X-Wakegate-Event": event,
          "X-Wakegate-Delivery": id,
          "X-Wakegate-Timestamp": seconds,
          ...(key !== undefined && { "X-Wakegate-Signature": sign(key, seconds, body) }),
        },
        body,
      };
    },
  };
}

/** `v1=` and the HMAC-SHA256 of `timestamp.body` in hexadecimal. */
export function sign(secret: string, seconds: string, body: string): string {
  return `v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

const PRIORITIES = ["min", "low", "default", "high", "max"] as const;
/** ntfy shows these as little pictures. */
const TAGS = { problem: "warning", good: "white_check_mark" } as const;

/** Publishes as JSON: headers could not carry every title (docs.ntfy.sh/publish, "Publish as JSON"). */
function ntfy(settings: NonNullable<NotifySettings["ntfy"]>): Channel {
  const { url, topic, token, priority, title } = settings;
  return {
    name: "ntfy",
    place: new URL(url).host,
    settings,
    async message(news) {
      const key = token && (await secretOf(token, "notify.ntfy.token_file"));
      const wanted = news.tone === "problem" ? priority : "low";
      return {
        url: `${url}/`,
        headers: {
          "Content-Type": "application/json",
          ...(key !== undefined && { Authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({
          topic,
          title: title === undefined ? news.title : `${title}: ${news.title}`,
          message: news.message,
          priority: PRIORITIES.indexOf(wanted) + 1,
          tags: [TAGS[news.tone]],
        }),
      };
    },
  };
}

async function secretOf(source: SecretSource, key: string): Promise<string> {
  if ("text" in source) return source.text;
  try {
    return (await readFile(source.file, "utf8")).trim();
  } catch (error) {
    throw new WakegateError("config_invalid", `${key} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
