import type { BrowserContext } from "playwright-core";

/**
 * Collects what pages of the context complain about: script errors, violations of a policy, lines of
 * `console.error`. That a request got an error status is no complaint: the page lives on a 503.
 */
export function complaintsOf(context: BrowserContext): readonly string[] {
  const complaints: string[] = [];
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("console", (line) => {
    const text = line.text();
    const status = text.startsWith("Failed to load resource: the server responded with a status of");
    if ((line.type() === "error" || line.type() === "warning") && !status) complaints.push(text);
  });
  return complaints;
}
