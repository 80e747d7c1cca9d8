import { stringify } from "yaml";
import { APP_PRESETS, appPresetNames } from "../src/presets/apps.ts";
import { TRAFFIC_PRESETS, trafficPresetNames, type TrafficPresetName } from "../src/presets/traffic.ts";
import type { RuleSpec } from "../src/config/model/rules.ts";

/** `presets.md`: what each preset takes away, or sets, from the data itself. */
export function presetsPage(): string {
  return (
    [
      "# Presets",
      "<!-- Made by scripts/generate-reference.ts from the data in src/presets. Do not edit. -->",
      "## Kinds of traffic: `presets`",
      "All are on by default. `presets: [monitors]` leaves one, `presets: []` none; [rules](configuration.md) of your own come on top. Independent of them: CORS preflights and update checks of service workers do not count; prefetch, prerender and a HEAD of an unknown client neither count nor wake.",
      ...trafficPresetNames.flatMap((name) => traffic(name)),
      "## Apps: `preset`",
      "`preset: jellyfin`, or the label `wakegate.preset=jellyfin`, sets the keys below. They are stronger than `defaults` and weaker than everything said of the target itself: proxy labels, `wakegate.*` labels, its keys in the file. A rule is undone by its name: `wakegate.rules.health.wakes=true`.",
      ...appPresetNames.flatMap((name) => {
        const { title, reason, warning, options } = APP_PRESETS[name];
        return [
          `### ${name}`,
          `${title}. ${reason}`,
          ...(warning === undefined ? [] : [`**Note:** ${warning}.`]),
          `\`\`\`yaml\n${stringify(options, { lineWidth: 0 }).trim()}\n\`\`\``,
        ];
      }),
    ].join("\n\n") + "\n"
  );
}

function traffic(name: TrafficPresetName): string[] {
  const { description, rules } = TRAFFIC_PRESETS[name];
  return [`### ${name}`, description, ...rules.map((rule) => `${effect(rule)}\n\n${matches(rule)}`)];
}

function effect({ wakes, counts }: RuleSpec): string {
  if (!wakes && !counts) return "Does not wake, does not count:";
  return wakes ? "Does not count:" : "Does not wake:";
}

function matches({ match }: RuleSpec): string {
  const line = (what: string, values: readonly string[] | undefined): string[] =>
    values ? [`- ${what}: ${values.map((value) => `\`${value}\``).join(", ")}`] : [];
  return [
    ...line("methods", match.methods),
    ...line("paths", match.paths),
    ...line("user agents", match.userAgents),
  ].join("\n");
}
