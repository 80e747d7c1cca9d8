import type { Scene } from "./view.ts";

const ARCH = '<path d="M6 30V15a10 10 0 0 1 20 0v15Z" ';

/** The tab's icon for a scene, as a data URI, so that no request goes out. */
export function iconOf(scene: Scene): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${drawing(scene)}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg).replaceAll("%20", " ").replaceAll("%3D", "=").replaceAll("%2F", "/")}`;
}

function drawing(scene: Scene): string {
  switch (scene) {
    case "waking":
    case "stopping":
      return `<clipPath id="a">${ARCH}/></clipPath>${ARCH}fill="#333a6b"/><circle cx="16" cy="30" r="7" fill="#ffd27a" clip-path="url(#a)"/>`;
    case "ready":
      return `${ARCH}fill="#f2a531"/><circle cx="16" cy="14" r="4.5" fill="#fff8ea"/>`;
    case "failed":
    case "empty":
      return `${ARCH}fill="#b92c27"/><path d="M16 12v8" stroke="#fff" stroke-width="3" stroke-linecap="round"/><circle cx="16" cy="25" r="1.8" fill="#fff"/>`;
    case "closed":
      return `${ARCH}fill="#333a6b"/><path d="M16 5v25" stroke="#ffd98c" stroke-width="2"/>`;
  }
}
