import type * as z from "zod";
import type { defaultsSchema } from "../config/schema/target.ts";
import { codeServer } from "./apps/code-server.ts";
import { forgejo, gitea } from "./apps/gitea.ts";
import { homeAssistant } from "./apps/home-assistant.ts";
import { immich } from "./apps/immich.ts";
import { jellyfin } from "./apps/jellyfin.ts";
import { minecraft } from "./apps/minecraft.ts";
import { mysql } from "./apps/mysql.ts";
import { n8n } from "./apps/n8n.ts";
import { nextcloud } from "./apps/nextcloud.ts";
import { ollama } from "./apps/ollama.ts";
import { paperless } from "./apps/paperless.ts";
import { postgres } from "./apps/postgres.ts";
import { redis } from "./apps/redis.ts";
import { vaultwarden } from "./apps/vaultwarden.ts";

/** What is known of an app. Data only: `options` is read by the schema, as if somebody had written it. */
export interface AppPreset {
  readonly title: string;
  /** Why the options are as they are, for the reference. */
  readonly reason: string;
  /** Told by `wakegate check` and at start to whoever lets it sleep. */
  readonly warning?: string;
  /** Keys and values as in the file. */
  readonly options: Omit<z.input<typeof defaultsSchema>, "hosts">;
}

/** Every preset's name. */
export const appPresetNames = [
  "code-server",
  "forgejo",
  "gitea",
  "home-assistant",
  "immich",
  "jellyfin",
  "minecraft",
  "mysql",
  "n8n",
  "nextcloud",
  "ollama",
  "paperless",
  "postgres",
  "redis",
  "vaultwarden",
] as const;

/** One of the names. */
export type AppPresetName = (typeof appPresetNames)[number];

/** Every preset by its name. */
export const APP_PRESETS: Readonly<Record<AppPresetName, AppPreset>> = {
  "code-server": codeServer,
  forgejo,
  gitea,
  "home-assistant": homeAssistant,
  immich,
  jellyfin,
  minecraft,
  mysql,
  n8n,
  nextcloud,
  ollama,
  paperless,
  postgres,
  redis,
  vaultwarden,
};
