import type { Chart } from "./bench.ts";

const WIDTH = 640;
const LABEL = 190;
const BAR = 22;
const GAP = 8;
const TOP = 34;

/** A bar chart as an SVG document that reads well on light and dark ground. Pure. */
export function barChart({ title, unit, bars }: Chart): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const room = WIDTH - LABEL - 90;
  const rows = bars.map(({ label, value }, index) => {
    const y = TOP + index * (BAR + GAP);
    const width = Math.max(1, Math.round((value / most) * room));
    const middle = y + BAR / 2 + 4;
    return `  <text x="${String(LABEL - 8)}" y="${String(middle)}" text-anchor="end">${escaped(label)}</text>
  <rect x="${String(LABEL)}" y="${String(y)}" width="${String(width)}" height="${String(BAR)}" rx="3"/>
  <text x="${String(LABEL + width + 8)}" y="${String(middle)}">${escaped(value.toLocaleString("en"))} ${escaped(unit)}</text>`;
  });
  const height = TOP + bars.length * (BAR + GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" width="${String(WIDTH)}" role="img" aria-label="${escaped(title)}">
  <style>text{font:13px system-ui,sans-serif;fill:#667}.title{font-weight:600}rect{fill:#3b82c4}</style>
  <text class="title" x="8" y="20">${escaped(title)}</text>
${rows.join("\n")}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
