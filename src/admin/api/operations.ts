import * as z from "zod";
import { reportSchema } from "../../doctor/report-schema.ts";
import {
  checkSchema,
  doctorBody,
  emptyBody,
  leaseBody,
  leaseSchema,
  pinBody,
  poolSchema,
  reloadSchema,
  sleepBody,
  targetSchema,
} from "./schemas.ts";

/** One call of the API: the router, OpenAPI and the reference are made from these. */
export interface Operation {
  readonly id: OperationId;
  readonly method: "get" | "post" | "delete";
  /** Below `/api/v1`, parameters in braces. */
  readonly path: string;
  readonly access: "read" | "admin";
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly query?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly answer: z.ZodType;
  /** Other statuses than 400, 401, 403 and 404, and when. */
  readonly refusals?: Readonly<Record<number, string>>;
}

/** Names of the operations. */
export type OperationId =
  | "listTargets"
  | "getTarget"
  | "wakeTarget"
  | "retryTarget"
  | "sleepTarget"
  | "pinTarget"
  | "unpinTarget"
  | "holdTarget"
  | "releaseTarget"
  | "whyTarget"
  | "listPools"
  | "createLease"
  | "renewLease"
  | "endLease"
  | "streamEvents"
  | "checkConfiguration"
  | "examine"
  | "tryNotify"
  | "reloadConfiguration"
  | "debugSnapshot";

const ENGINE_AWAY = "its engine does not answer";

/** All operations, in the order of the reference. */
export const operations: readonly Operation[] = [
  {
    id: "listTargets",
    method: "get",
    path: "/targets",
    access: "read",
    summary: "All targets, by name",
    status: 200,
    answer: z.object({ targets: z.array(targetSchema), asOf: z.iso.datetime() }),
  },
  {
    id: "getTarget",
    method: "get",
    path: "/targets/{name}",
    access: "read",
    summary: "One target, with its wake history",
    status: 200,
    answer: targetSchema,
  },
  {
    id: "wakeTarget",
    method: "post",
    path: "/targets/{name}/wake",
    access: "admin",
    summary: "Wakes it, also when requests may not; joins a wake under way",
    body: emptyBody,
    status: 202,
    answer: targetSchema,
    refusals: { 503: ENGINE_AWAY },
  },
  {
    id: "retryTarget",
    method: "post",
    path: "/targets/{name}/retry",
    access: "admin",
    summary: "Tries again after a failed wake, at once",
    body: emptyBody,
    status: 202,
    answer: targetSchema,
    refusals: { 503: ENGINE_AWAY },
  },
  {
    id: "sleepTarget",
    method: "post",
    path: "/targets/{name}/sleep",
    access: "admin",
    summary: "Puts it to sleep as soon as a final check finds no activity; with force, at once",
    body: sleepBody,
    status: 202,
    answer: targetSchema,
    refusals: {
      409: "it is in use (the evidence is in the answer), not awake, exempt, or has `dry_run` set. A check that takes longer answers 202, and the target stays awake when it finds activity",
    },
  },
  {
    id: "pinTarget",
    method: "post",
    path: "/targets/{name}/pin",
    access: "admin",
    summary: "Keeps it awake, for a time or without end",
    body: pinBody,
    status: 200,
    answer: targetSchema,
  },
  {
    id: "unpinTarget",
    method: "post",
    path: "/targets/{name}/unpin",
    access: "admin",
    summary: "Stops keeping it awake",
    body: emptyBody,
    status: 200,
    answer: targetSchema,
  },
  {
    id: "holdTarget",
    method: "post",
    path: "/targets/{name}/hold",
    access: "admin",
    summary: "Keeps it asleep: no request wakes it",
    body: pinBody,
    status: 200,
    answer: targetSchema,
  },
  {
    id: "releaseTarget",
    method: "post",
    path: "/targets/{name}/release",
    access: "admin",
    summary: "Ends a hold-down",
    body: emptyBody,
    status: 200,
    answer: targetSchema,
  },
  {
    id: "whyTarget",
    method: "get",
    path: "/why/{name}",
    access: "read",
    summary: "Why it is awake, or asleep: every source that was asked, also those that say no",
    status: 200,
    answer: targetSchema.pick({
      name: true,
      state: true,
      since: true,
      summary: true,
      evidence: true,
      notes: true,
      sleepsAt: true,
      wakes: true,
      lastUse: true,
    }),
  },
  {
    id: "listPools",
    method: "get",
    path: "/pools",
    access: "read",
    summary: "All pools: what is taken, by whom, and who waits",
    status: 200,
    answer: z.object({ pools: z.array(poolSchema) }),
  },
  {
    id: "createLease",
    method: "post",
    path: "/leases",
    access: "admin",
    summary: "Uses a target until the lease ends or is not renewed",
    body: leaseBody,
    status: 201,
    answer: leaseSchema,
    refusals: { 429: "there are too many leases" },
  },
  {
    id: "renewLease",
    method: "post",
    path: "/leases/{id}/renew",
    access: "admin",
    summary: "Counts a lease's time anew",
    body: emptyBody,
    status: 200,
    answer: leaseSchema,
  },
  {
    id: "endLease",
    method: "delete",
    path: "/leases/{id}",
    access: "admin",
    summary: "Ends a lease",
    status: 204,
    answer: z.null(),
  },
  {
    id: "streamEvents",
    method: "get",
    path: "/events",
    access: "read",
    summary:
      "Server-Sent Events of all targets. `Last-Event-ID` goes on from there; an unknown one replays what is kept (1000 events)",
    query: {
      target: "only of this target",
      replay: "`1`: first what is kept",
      format: "`json`: what is kept, as one document instead of a stream",
    },
    status: 200,
    answer: z.object({
      events: z.array(
        z.object({
          id: z.string(),
          type: z.string(),
          target: z.string().exactOptional(),
          displayName: z.string().exactOptional(),
          message: z.string(),
          timestamp: z.iso.datetime(),
        }),
      ),
    }),
    refusals: { 429: "there are too many streams" },
  },
  {
    id: "checkConfiguration",
    method: "get",
    path: "/check",
    access: "read",
    summary: "What is wrong with the labels and targets as they are now",
    status: 200,
    answer: checkSchema,
  },
  {
    id: "examine",
    method: "post",
    path: "/doctor",
    access: "admin",
    summary:
      "Examines the whole chain, engines, apps, proxy and Wakegate itself, and says what to paste; wakes nothing",
    body: doctorBody,
    status: 200,
    answer: reportSchema,
    refusals: { 504: "it took too long" },
  },
  {
    id: "tryNotify",
    method: "post",
    path: "/notify/test",
    access: "admin",
    summary: "Sends a trial message by each channel of `notify`, once, and says how it went",
    body: emptyBody,
    status: 200,
    answer: z.object({
      channels: z.array(
        z.object({ channel: z.enum(["webhook", "ntfy"]), ok: z.boolean(), why: z.string().exactOptional() }),
      ),
    }),
    refusals: { 409: "no channel is configured" },
  },
  {
    id: "reloadConfiguration",
    method: "post",
    path: "/reload",
    access: "admin",
    summary: "Reads the configuration file anew; one with errors changes nothing",
    body: emptyBody,
    status: 200,
    answer: reloadSchema,
    refusals: {
      422: "the configuration has errors",
      501: "this Wakegate was started without a way to reload",
    },
  },
  {
    id: "debugSnapshot",
    method: "get",
    path: "/debug",
    access: "admin",
    summary: "Inner state for a bug report, without labels, environment and secrets",
    status: 200,
    answer: z.record(z.string(), z.unknown()),
  },
];
