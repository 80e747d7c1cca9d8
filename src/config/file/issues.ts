import type * as z from "zod";
import type { Problem } from "../model.ts";
import { nameMessage } from "../schema.ts";
import { schemaAt, shapeOf } from "../schema/walk.ts";
import { didYouMean } from "../values/suggest.ts";

/** Where the values came from, for the problems that are found in them. */
export interface IssuePlaces {
  where(path: readonly PropertyKey[]): string;
  whereKey(path: readonly PropertyKey[]): string;
  written(path: readonly PropertyKey[]): string | undefined;
  /** How a key is called by whoever wrote it. Default: joined by dots. */
  keyName?(path: readonly PropertyKey[]): string;
}

type Issue = z.core.$ZodIssue;

/** Problems for people out of what the schema found, in the order of the schema. */
export function problemsOf(
  schema: z.core.$ZodType,
  issues: readonly Issue[],
  places: IssuePlaces,
): readonly Problem[] {
  const keyName = (path: readonly PropertyKey[]): string => places.keyName?.(path) ?? joinKeys(path);
  return issues
    .flatMap((issue) => expand(issue, []))
    .flatMap(({ issue, path }): Problem[] => {
      if (issue.code === "unrecognized_keys") {
        const known = Object.keys(shapeOf(at(schema, path)) ?? {});
        return issue.keys.map((name) => ({
          severity: "error",
          where: places.whereKey([...path, name]),
          key: keyName([...path, name]),
          message: `unknown key${didYouMean(name, known) || `; known here: ${known.join(", ")}`}`,
        }));
      }
      const badKey = issue.code === "invalid_key";
      const value = badKey || isSecret(path) ? undefined : places.written(path);
      return [
        {
          severity: "error",
          where: badKey ? places.whereKey(path) : places.where(path),
          key: keyName(path),
          ...(value === undefined ? {} : { value }),
          message: messageOfIssue(issue, path),
        },
      ];
    });
}

/** Problems are printed: what stands in these keys is not, nor a secret that was pasted behind a token's name. */
function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some((part) => part === "token_secret" || part === "password" || part === "token_id");
}

/** `targets.blog.hosts[0]`. */
export function joinKeys(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${String(part)}]` : `${index > 0 ? "." : ""}${String(part)}`,
    )
    .join("");
}

/** Of a union's branches, the one whose form fits what was written is the one that was meant. */
function expand(
  issue: Issue,
  above: readonly PropertyKey[],
): { issue: Issue; path: readonly PropertyKey[] }[] {
  const path = [...above, ...issue.path];
  if (issue.code !== "invalid_union") return [{ issue, path }];
  const wrongForm = (branch: readonly Issue[]): boolean =>
    branch.some((each) => each.code === "invalid_type" && each.path.length === 0);
  const meant =
    issue.errors.find((branch) => !wrongForm(branch)) ??
    issue.errors.find((branch) =>
      branch.some((each) => each.code === "invalid_type" && each.expected === "string"),
    ) ??
    issue.errors[0] ??
    [];
  return meant.flatMap((each) => expand(each, path));
}

function at(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType {
  const here = schemaAt(schema, path) ?? schema;
  const options = (here as { def?: { options?: readonly z.core.$ZodType[] } }).def?.options;
  return options?.find((option) => shapeOf(option)) ?? here;
}

function messageOfIssue(issue: Issue, path: readonly PropertyKey[]): string {
  switch (issue.code) {
    case "invalid_type":
      return typeMessage(issue);
    case "invalid_value": {
      const values = issue.values.map(String);
      const written = typeof issue.input === "string" ? didYouMean(issue.input, values) : "";
      return `expected ${values.length > 1 ? "one of " : ""}${values.join(", ")}${written}`;
    }
    case "too_small":
      if (issue.origin === "array") return "expected at least one entry";
      return `expected at least ${String(issue.minimum)}`;
    case "too_big":
      return `expected at most ${String(issue.maximum)}`;
    case "invalid_key":
      return nameMessage(String(path.at(-1)));
    default:
      return issue.message;
  }
}

function typeMessage(issue: z.core.$ZodIssueInvalidType): string {
  const missing = issue.input === undefined;
  switch (issue.expected) {
    case "string":
      return missing ? `is missing: ${issue.message}` : issue.message;
    case "boolean":
      return "expected true or false";
    case "number":
    case "int":
      return `expected a whole number${typeof issue.input === "string" && /^\d+$/.test(issue.input) ? ", without quotes" : ""}`;
    case "array":
      return missing
        ? "is missing: expected a list"
        : "expected a list: write it in brackets, [a, b], or one entry a line with - in front";
    case "object":
    case "record":
      return `${missing ? "is missing: " : ""}expected a group of keys, indented below`;
    default:
      return issue.message;
  }
}
