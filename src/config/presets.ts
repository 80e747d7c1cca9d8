import { APP_PRESETS, type AppPresetName } from "../presets/apps.ts";
import type { OptionsLayer } from "./layers.ts";
import type { TargetSpec } from "./model.ts";
import { HEAD_RULE } from "./model/rules.ts";
import { defaultsSchema } from "./schema/target.ts";
import { serverFirstRemarks } from "./server-first.ts";

/** Something to say of a target's preset, rules or listeners, by the path of the key. */
export interface Remark {
  readonly severity: "error" | "warning";
  readonly path: readonly string[];
  readonly message: string;
}

const layers = new Map<AppPresetName, OptionsLayer>();

/** What an app's preset sets, read by the schema like everything that people write. */
export function presetLayer(name: AppPresetName | undefined): OptionsLayer | undefined {
  if (name === undefined) return undefined;
  let layer = layers.get(name);
  if (!layer) {
    layer = defaultsSchema.parse(structuredClone(APP_PRESETS[name].options));
    layers.set(name, layer);
  }
  return layer;
}

/**
 * What only the finished target shows: a rule that would match everything, a listener that nobody gets through, an app
 * that should not sleep.
 */
export function remarksOn(spec: TargetSpec): readonly Remark[] {
  const found = [...ruleRemarks(spec), ...serverFirstRemarks(spec)];
  const preset = spec.preset && APP_PRESETS[spec.preset];
  const keepsAwake = preset?.options.idle_timeout === "never";
  if (preset?.warning === undefined || !(keepsAwake || spec.idleTimeoutMs !== undefined)) return found;
  return [...found, { severity: "warning", path: ["preset"], message: preset.warning }];
}

function ruleRemarks(spec: TargetSpec): readonly Remark[] {
  return spec.rules.flatMap(({ name, match }): Remark[] =>
    Object.keys(match).length > 0 || name === HEAD_RULE
      ? []
      : [
          {
            severity: "error",
            path: ["rules", name],
            message:
              "would match every request: say under match which ones (methods, paths, user_agents, clients, headers)",
          },
        ],
  );
}
