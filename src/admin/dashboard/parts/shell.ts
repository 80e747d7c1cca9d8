import { html, raw, type Html } from "../html.ts";
import type { ViewContext } from "../view-context.ts";
import { icons, MARK, SHARED_DEFS, tabIcon, tabIcons } from "./glyphs.ts";

/** What a page puts into the frame. */
export interface PageParts {
  readonly title: string;
  readonly current: "targets" | "events" | "doctor" | undefined;
  /** In the sky, below the top bar. */
  readonly sky: Html;
  readonly main: Html;
  /** Class of the body: which page it is. */
  readonly kind: "list" | "target" | "events" | "doctor" | "locked" | "empty";
  /** The name of the one target that the page is about. */
  readonly target?: string;
  /** Without tools: somebody who is not let in has nothing to find. */
  readonly bare?: boolean;
}

/** A whole document of the dashboard. */
export function shell(parts: PageParts, context: ViewContext): string {
  const { title, current, sky, main, kind, bare } = parts;
  const asset = (name: string): string => `/ui/assets/${name}?v=${context.assets}`;
  const links = [
    ["targets", "/ui/", "Targets"],
    ["events", "/ui/events", "Events"],
    ["doctor", "/ui/doctor", "Doctor"],
  ] as const;
  const page = (name: string): Html => (name === current ? raw(' aria-current="page"') : raw(""));
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="robots" content="noindex" />
        <meta name="theme-color" content="#e3e8f2" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#080a12" media="(prefers-color-scheme: dark)" />
        <title>${title}</title>
        <link rel="icon" href="${tabIcon(context.failing)}" data-key="icon" />
        <link rel="stylesheet" href="${asset("dashboard.css")}" />
        <script src="${asset("theme.js")}"></script>
        <script type="module" src="${asset("dashboard.js")}"></script>
      </head>
      <body class="p-${kind}" data-target="${parts.target}" data-act="${context.mayAct ? "yes" : "no"}">
        <a class="skip" href="#main">${kind === "list" ? "To the targets" : "To the content"}</a>
        ${SHARED_DEFS}
        <header class="sky">
          <div class="col top">
            <a class="brand" href="/ui/">${MARK}<span>Wakegate</span></a>
            ${
              bare
                ? undefined
                : html`<nav class="nav" aria-label="Pages">
                      ${links.map(([name, href, word]) => html`<a href="${href}" ${page(name)}>${word}</a>`)}
                    </nav>
                    <span class="live js" id="live" role="img" aria-label="Connection: live"
                      ><i></i><span>Live</span></span
                    >
                    <form class="find" role="search" action="/ui/">
                      <label
                        ><span class="vh">Find a target</span>${icons.find}<input
                          type="search"
                          name="q"
                          placeholder="Find a target"
                          autocomplete="off"
                          id="find"
                        /><kbd>/</kbd></label
                      >
                    </form>
                    <button
                      type="button"
                      class="tool js"
                      id="theme"
                      aria-label="Colours: as the system has them"
                      title="Light or dark"
                    >
                      ${icons.theme}
                    </button>`
            }
          </div>
          <p class="col stale" id="stale" hidden></p>
          ${sky}
        </header>
        <main id="main" class="col" tabindex="-1">${main}</main>
        ${
          bare
            ? undefined
            : html`<nav class="tabs" aria-label="Pages">
                  ${links.map(([name, href, word]) => html`<a href="${href}" ${page(name)}>${tabIcons[name]}${word}</a>`)}
                </nav>
                <div class="menu" id="menu" role="menu" popover></div>
                <dialog id="ask" aria-labelledby="ask-h">
                  <h2 id="ask-h"></h2>
                  <p id="ask-p"></p>
                  <div class="row">
                    <button type="button" class="btn" value="no" autofocus>Keep awake</button
                    ><button type="button" class="btn red" value="yes">Sleep anyway</button>
                  </div>
                </dialog>
                <dialog id="until" aria-labelledby="until-h">
                  <form method="dialog">
                    <h2 id="until-h">Keep awake until</h2>
                    <p>
                      <label
                        ><span class="vh">Date and time</span
                        ><input type="datetime-local" id="until-at" required
                      /></label>
                    </p>
                    <div class="row">
                      <button type="button" class="btn" value="no">Cancel</button
                      ><button class="btn strong" value="yes">Keep awake</button>
                    </div>
                  </form>
                </dialog>
                <div class="vh" role="status" id="say"></div>`
        }
      </body>
    </html> `.text;
}
