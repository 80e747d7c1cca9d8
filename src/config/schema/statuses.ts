import * as z from "zod";
import { parseStatusRanges } from "../values/status-ranges.ts";
import { text, whole } from "./text.ts";

const status = z.union([
  whole(100, 599).transform((code): readonly (readonly [number, number])[] => [[code, code]]),
  text(parseStatusRanges, "HTTP statuses such as 200-399"),
]);

/** One or several HTTP statuses or ranges. */
export const statuses = z.union([status, z.array(status).transform((list) => list.flat())]);
