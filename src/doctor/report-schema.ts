import * as z from "zod";

/** One finding, as the API and `--json` tell it. */
const finding = z
  .object({
    id: z.string().meta({ description: "Of the check, a stable word." }),
    title: z.string(),
    level: z.enum(["ok", "warning", "problem", "skipped"]),
    layer: z.enum(["proxy", "engine", "app", "wakegate"]).meta({ description: "Where the fault lies." }),
    target: z.string().exactOptional(),
    sentence: z.string(),
    evidence: z.array(z.string()),
    fix: z
      .array(z.object({ where: z.string(), lines: z.string() }))
      .meta({ description: "What to paste, and where; alternatives, the likeliest first." }),
  })
  .meta({ id: "Finding" });

/** What the doctor says. */
export const reportSchema = z
  .object({
    ok: z.boolean().meta({ description: "No problems; warnings are allowed." }),
    mode: z.enum(["service", "alone"]),
    asOf: z.iso.datetime(),
    findings: z.array(finding),
  })
  .meta({ id: "Report" });
