import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { metricDefinitions } from "../../src/admin/metrics/definitions.ts";

it("the Grafana dashboard asks only for metrics that exist, and for each of the important ones", () => {
  const text = readFileSync(new URL("../../examples/grafana/dashboard.json", import.meta.url), "utf8");
  const dashboard = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] };
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const asked = new Set(expressions.flatMap((expr) => expr.match(/wakegate_\w+/g) ?? []));
  const known = Object.keys(metricDefinitions);
  const exists = (name: string): boolean => known.includes(name.replace(/_(bucket|sum|count)$/, ""));
  expect([...asked].filter((name) => !exists(name))).toEqual([]);
  expect(asked.size).toBeGreaterThan(12);
});
