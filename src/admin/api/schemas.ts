import * as z from "zod";
import { parseEntry } from "../../doctor/gather/entries.ts";
import { parseDuration } from "../../config/values/duration.ts";

const moment = z.iso.datetime().meta({ description: "Moment in UTC, ISO 8601." });
const ms = z.number().meta({ description: "Milliseconds." });

/** The states that are told. */
export const stateSchema = z
  .enum([
    "asleep",
    "paused",
    "closed",
    "waking",
    "starting",
    "awake",
    "stopping",
    "failed",
    "unknown",
    "gone",
  ])
  .meta({
    id: "State",
    description:
      "`closed`: asleep, and a request may not wake it now. `failed`: the last wake failed. `unknown`: its engine does not answer. `gone`: its container does not exist.",
  });

const duration = z.string().transform((written, context) => {
  const parsed = parseDuration(written);
  if (parsed.ok) return parsed.value;
  context.issues.push({ code: "custom", message: parsed.message, input: written });
  return z.NEVER;
});

const summary = z
  .object({
    fact: z.string(),
    more: z.string().exactOptional(),
    next: z.string().exactOptional(),
    nextMore: z.string().exactOptional(),
  })
  .meta({
    id: "Summary",
    description: "Why it is in its state and what comes next, in the dashboard's words.",
  });

const evidence = z
  .object({
    source: z.string(),
    label: z.string(),
    holding: z.boolean().meta({ description: "It keeps the target awake now." }),
    detail: z.string(),
    until: moment.exactOptional(),
  })
  .meta({ id: "Evidence" });

const pin = z
  .object({ until: moment.exactOptional(), reason: z.string(), by: z.string(), at: moment })
  .meta({ id: "Pin" });

const wake = z
  .object({
    at: moment,
    from: z.enum(["stopped", "paused", "created"]),
    outcome: z.enum(["ready", "failed"]),
    totalMs: ms,
    phases: z.object({
      stopping: ms.exactOptional(),
      dependencies: ms.exactOptional(),
      starting: ms.exactOptional(),
      probing: ms.exactOptional(),
    }),
    cause: z.object({
      by: z.enum(["request", "stream", "dependant", "operator", "retry", "schedule"]),
      client: z.string().exactOptional(),
      method: z.string().exactOptional(),
      host: z.string().exactOptional(),
      path: z.string().exactOptional(),
      userAgent: z.string().exactOptional(),
    }),
    failure: z.string().exactOptional(),
  })
  .meta({ id: "Wake" });

/** One target, as the API tells it. Nothing of its labels or environment is in it. */
export const targetSchema = z
  .object({
    name: z.string(),
    displayName: z.string(),
    state: stateSchema,
    since: moment.exactOptional(),
    hosts: z.array(z.string()),
    engine: z.string(),
    container: z.string().exactOptional(),
    idleTimeoutMs: ms
      .exactOptional()
      .meta({ description: "Absent: it is never put to sleep for being idle." }),
    stopMethod: z.enum(["stop", "pause", "kill", "hibernate"]),
    summary,
    sleepsAt: moment.exactOptional().meta({ description: "When it sleeps if nothing happens until then." }),
    sleepsInMs: ms.exactOptional(),
    inUse: z.boolean().meta({ description: "Something other than its last request keeps it awake." }),
    evidence: z.array(evidence),
    notes: z.array(z.string()),
    pin: pin.exactOptional(),
    hold: pin.exactOptional(),
    leases: z.array(z.string()),
    neededBy: z.array(z.string()),
    dependencies: z.array(
      z.object({
        name: z.string(),
        condition: z.string(),
        state: stateSchema,
        alsoFor: z.array(z.string()),
      }),
    ),
    pools: z.array(z.string()).meta({ description: "Pools that it is in." }),
    lastUse: z
      .object({
        at: moment,
        client: z.string().exactOptional(),
        method: z.string().exactOptional(),
        path: z.string().exactOptional(),
        userAgent: z.string().exactOptional(),
      })
      .exactOptional(),
    progress: z
      .object({
        phase: z.string(),
        elapsedMs: ms.exactOptional(),
        etaMs: ms.exactOptional(),
        usuallyMs: ms.exactOptional(),
        waitsFor: z.string().exactOptional().meta({
          description:
            "With phase `starting`: what keeps the engine from starting it now, such as a backup's lock.",
        }),
        room: z
          .object({ before: z.number(), pools: z.array(z.string()), yields: z.array(z.string()) })
          .exactOptional()
          .meta({
            description:
              "With phase `room`: wakes before it, pools without room, and who goes to sleep for it.",
          }),
      })
      .meta({ description: "How far a wake has come." }),
    failure: z
      .object({
        reason: z.string(),
        message: z.string(),
        at: moment,
        tries: z.number(),
        nextTryAt: moment.exactOptional(),
        exitCode: z.number().exactOptional(),
        log: z.array(z.string()).exactOptional(),
      })
      .exactOptional(),
    wakes: z
      .array(wake)
      .meta({ description: "Oldest first; the last 10 in a list, the last 50 of one target." }),
    awake: z
      .array(z.object({ from: moment, to: moment.exactOptional() }))
      .exactOptional()
      .meta({ description: "When it was awake, oldest first; only for one target." }),
    memoryBytes: z.number().exactOptional(),
    unavailable: z.string().exactOptional().meta({ description: "Why it cannot be served at all." }),
  })
  .meta({ id: "Target" });

/** A pool. */
export const poolSchema = z
  .object({
    name: z.string(),
    maxAwake: z.number().exactOptional(),
    budgetBytes: z.number().exactOptional(),
    awake: z.number().meta({
      description:
        "Places that are taken, also by wakes under way. May be above the limit, by what others started.",
    }),
    usedBytes: z.number().meta({ description: "What those cost together; a paused one keeps its memory." }),
    waiting: z.array(z.string()).meta({ description: "Targets that wait for room in it, in their order." }),
    members: z.array(
      z.object({
        name: z.string(),
        displayName: z.string(),
        holds: z.enum(["awake", "memory", "reserved"]).exactOptional().meta({
          description:
            "`memory`: it is paused. `reserved`: a wake under way has its place. Absent: it takes nothing.",
        }),
        costBytes: z.number(),
        costFrom: z.enum(["declared", "measured", "default"]),
      }),
    ),
  })
  .meta({ id: "Pool" });

/** A problem document (RFC 9457), with a stable code. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string().exactOptional(),
    error: z.string().meta({ description: "Stable word for programs." }),
    evidence: z.array(evidence).exactOptional(),
  })
  .meta({ id: "Problem" });

/** How long, until when, and why: for pins and hold-downs. */
export const pinBody = z
  .strictObject({
    for: duration
      .optional()
      .meta({ description: "Duration such as `2h`. Neither `for` nor `until`: no end." }),
    until: z.iso.datetime({ offset: true }).optional().meta({ description: "Moment, ISO 8601." }),
    reason: z.string().max(200).optional(),
  })
  .refine((body) => body.for === undefined || body.until === undefined, "give for or until, not both");

/** For sleep. */
export const sleepBody = z.strictObject({
  force: z.boolean().optional().meta({ description: "Also when it is in use." }),
});

/** For a new lease. */
export const leaseBody = z.strictObject({
  target: z.string(),
  reason: z.string().max(200).optional(),
  ttl: duration
    .optional()
    .meta({ description: "Ends by itself after this long without renewal; `1m` by default, `1h` at most." }),
  wake: z.boolean().optional().meta({ description: "Wakes the target too. Default: true." }),
});

/** A lease. */
export const leaseSchema = z
  .object({ id: z.string(), target: z.string(), reason: z.string(), expiresAt: moment })
  .meta({ id: "Lease" });

/** For an examination. */
export const doctorBody = z.strictObject({
  proxy: z
    .string()
    .transform((written, context) => {
      const entry = parseEntry(written);
      if (entry) return entry;
      context.issues.push({
        code: "custom",
        message: "expected the proxy's address, such as https://192.168.1.5",
        input: written,
      });
      return z.NEVER;
    })
    .optional()
    .meta({ description: "Address of the proxy, such as `https://192.168.1.5`. Default: it is looked for." }),
});

/** No fields are wanted, but a JSON body is allowed. */
export const emptyBody = z.strictObject({});

/** What a check finds. */
export const checkSchema = z.object({
  ok: z.boolean(),
  problems: z.array(
    z.object({
      severity: z.enum(["error", "warning"]),
      where: z.string(),
      key: z.string(),
      message: z.string(),
    }),
  ),
  engines: z.array(z.object({ name: z.string(), outage: z.string().exactOptional() })),
  replicas: z
    .object({
      state: z.enum(["synced", "unreachable", "mismatched"]),
      self: z.string(),
      members: z.array(z.string()),
      lost: z.array(z.string()),
      leader: z.string().exactOptional(),
      why: z.string().exactOptional(),
    })
    .meta({ description: "The replicas that share a store. Absent on a single instance." })
    .exactOptional(),
});

/** What a reload did. */
export const reloadSchema = z.object({
  applied: z.boolean(),
  problems: checkSchema.shape.problems,
  restartNeeded: z.array(z.string()),
});
