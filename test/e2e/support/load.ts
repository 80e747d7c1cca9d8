import { ask } from "./ask.ts";

/** Requests that go on until told to stop. */
export interface Load extends AsyncDisposable {
  /** How many were answered by the app. */
  readonly answered: number;
  /** What went wrong with the others. */
  readonly failures: readonly string[];
  /** Resolves when so many more were answered. */
  more(n: number): Promise<void>;
}

/** Some visitors that come again and again, one request after the other: half of them read, half of them write. */
export function startLoad(url: string, visitors = 6): Load {
  const failures: string[] = [];
  let answered = 0;
  const ending = new AbortController();
  const told = new Set<() => void>();
  const visit = async (method: "GET" | "POST"): Promise<void> => {
    while (!ending.signal.aborted) {
      const result = await once(url, method);
      if (result === "ok") answered++;
      else failures.push(`${method} ${result}`);
      for (const tell of told) tell();
      // Somebody who is turned away does not hammer.
      await new Promise((resolve) => setTimeout(resolve, result === "ok" ? 5 : 50));
    }
  };
  const all = Array.from({ length: visitors }, (_, index) => visit(index % 2 === 0 ? "GET" : "POST"));
  return {
    get answered() {
      return answered;
    },
    failures,
    more(n) {
      const wanted = answered + n;
      return new Promise((resolve) => {
        const tell = (): void => {
          if (answered < wanted) return;
          told.delete(tell);
          resolve();
        };
        told.add(tell);
      });
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.all(all);
    },
  };
}

/** How one request went: `ok`, or what came in place of the app's answer. */
async function once(url: string, method: "GET" | "POST"): Promise<string> {
  try {
    const { status, headers } = await ask(url, { method, ...(method === "POST" && { body: "some body" }) });
    if (status === 200 && headers["x-app"] !== undefined) return "ok";
    return `${String(status)} ${String(headers["x-wakegate"])}`;
  } catch (error) {
    return String(error);
  }
}
