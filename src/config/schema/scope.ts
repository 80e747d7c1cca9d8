import * as z from "zod";
import { key } from "./text.ts";

/** `scope`, for rules, labels and the file. */
export const scopeKey = key(z.enum(["container", "project"]), {
  description:
    "What wakes and naps as one. `container`: its container, and what that depends on. `project`: every container of its Compose project, in the order that Compose knows; those with `wakegate.enable=false` are left alone.",
  default: "container",
});
