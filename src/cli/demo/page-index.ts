import type { Sample } from "../../forward-auth/page/samples.ts";

/** A plain list of all states with links. */
export function indexPage(samples: readonly Sample[]): string {
  const rows = samples
    .map(({ name, about }) => `<li><a href="/${name}">${name}</a> ${about}</li>`)
    .join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The loading page in each of its states</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; }
body { max-width: 40em; margin: 40px auto; padding: 0 20px; font: 16px/28px system-ui, sans-serif; }
a { display: inline-block; min-width: 7em; font-weight: 600; }
ul { list-style: none; padding: 0; }
</style>
<h1>The loading page</h1>
<ul>
${rows}
</ul>
</html>
`;
}
