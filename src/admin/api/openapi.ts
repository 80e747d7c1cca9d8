import * as z from "zod";
import { operations, type Operation } from "./operations.ts";
import { problemSchema, stateSchema, targetSchema } from "./schemas.ts";

/** The OpenAPI 3.1 document of the API, made from the operations and their schemas. */
export function openApiDocument(version: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = operationObject(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Wakegate",
      version,
      description: "The admin API on the internal listener.",
      license: { name: "GPL-3.0-or-later", identifier: "GPL-3.0-or-later" },
    },
    servers: [{ url: "/api/v1" }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: {
        Target: jsonSchema(targetSchema, "output"),
        State: jsonSchema(stateSchema, "output"),
        Problem: jsonSchema(problemSchema, "output"),
      },
    },
  };
}

function operationObject(operation: Operation): Readonly<Record<string, unknown>> {
  const { id, path, summary, body, query = {}, status, answer, refusals = {}, access } = operation;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...Object.entries(query).map(([name, description]) => ({
      name,
      in: "query",
      description,
      schema: { type: "string" },
    })),
  ];
  const problem = (description: string): Readonly<Record<string, unknown>> => ({
    description,
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  });
  const content = {
    "application/json": {
      schema:
        answer === targetSchema ? { $ref: "#/components/schemas/Target" } : jsonSchema(answer, "output"),
    },
    ...(id === "streamEvents" && { "text/event-stream": { schema: { type: "string" } } }),
  };
  return {
    operationId: id,
    summary,
    tags: [access],
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { content: { "application/json": { schema: jsonSchema(body, "input") } } } }),
    responses: {
      [status]: status === 204 ? { description: "Done" } : { description: "Done", content },
      ...Object.fromEntries(Object.entries(refusals).map(([code, text]) => [code, problem(text)])),
      default: problem("400 not as expected, 401 no or wrong token, 403 may not, 404 no such thing"),
    },
  };
}

/** The JSON Schema of a zod schema, without what only a document of its own needs. */
export function jsonSchema(schema: z.ZodType, io: "input" | "output"): Readonly<Record<string, unknown>> {
  const {
    $schema: _schema,
    $defs: _defs,
    ...rest
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    reused: "inline",
    override: ({ jsonSchema: made }) => {
      delete made.id;
      if (made.pattern !== undefined && made.format !== undefined) delete made.pattern;
    },
  });
  const defs = _defs as Readonly<Record<string, unknown>> | undefined;
  return (defs ? inlined(rest, defs) : rest) as Readonly<Record<string, unknown>>;
}

function inlined(node: unknown, defs: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(node)) return node.map((item) => inlined(item, defs));
  if (typeof node !== "object" || node === null) return node;
  if ("$ref" in node && typeof node.$ref === "string") {
    return inlined(defs[node.$ref.replace("#/$defs/", "")] ?? {}, defs);
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, inlined(value, defs)]));
}
