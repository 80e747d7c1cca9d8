// Runs inside the page. Plain script, so that the types of the tests stay free of the browser's.

export function overflowing() {
  const width = document.documentElement.clientWidth;
  const wide = document.documentElement.scrollWidth > width ? ["document"] : [];
  const inside = [...document.querySelectorAll("main *, .num *, footer *")].filter((node) => {
    const box = node.getBoundingClientRect();
    return box.width > 1 && (box.right > width + 0.5 || box.left < -0.5);
  });
  return [...wide, ...inside.map((node) => `${node.tagName}.${node.getAttribute("class") ?? ""}`)];
}

export function overlapping() {
  const nodes = [
    ...document.querySelectorAll("h1, .lead, .btn, .row .t, .row .v, .slot, .cap, .ev, footer span"),
  ];
  const boxes = nodes
    .map((node) => [node, node.getBoundingClientRect()])
    .filter(([node, box]) => box.width > 1 && box.height > 1 && (node.textContent ?? "") !== "");
  const out = [];
  boxes.forEach(([a, p], i) => {
    for (const [b, q] of boxes.slice(i + 1)) {
      const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (x > 1 && y > 1) out.push(`${a.textContent ?? ""} × ${b.textContent ?? ""}`);
    }
  });
  return out;
}

export function letters() {
  const out = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent?.trim() ?? "";
    const parent = node.parentElement;
    if (text === "" || !parent || parent.closest("script, noscript, template, .vh, [hidden]")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const style = getComputedStyle(parent);
    for (const { left, top, width, height } of range.getClientRects()) {
      if (width < 1 || height < 1 || top < 0 || top + height > innerHeight) continue;
      out.push({
        text,
        color: style.color,
        size: Number.parseFloat(style.fontSize),
        weight: Number(style.fontWeight),
        box: [left, top, width, height],
      });
    }
  }
  return out;
}

export async function measure({ picture, texts }) {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  context.drawImage(image, 0, 0);
  const light = (rgb) => {
    const [r = 0, g = 0, b = 0] = [rgb[0], rgb[1], rgb[2]].map((value = 0) => {
      const c = value / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const out = [];
  for (const { text, color, size, weight, box } of texts) {
    const [x = 0, y = 0, w = 0, h = 0] = box.map(Math.round);
    const { data } = context.getImageData(x, y, Math.max(1, w), Math.max(1, h));
    const ink = light((color.match(/[\d.]+/g) ?? []).map(Number));
    let worst = Infinity;
    for (let i = 0; i < data.length; i += 4) {
      const back = light(data.slice(i, i + 3));
      worst = Math.min(worst, (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05));
    }
    const wanted = size >= 24 || (size >= 18.66 && weight >= 700) ? 3 : 4.5;
    if (worst < wanted) out.push({ text, ratio: worst, wanted });
  }
  return out;
}

export async function alike(pictures) {
  const grey = [];
  for (const [name, picture] of pictures) {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("no canvas");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const light = [];
    for (let i = 0; i < data.length; i += 4)
      light.push(0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2]);
    grey.push([name, light]);
  }
  const out = [];
  grey.forEach(([a, p], i) => {
    for (const [b, q] of grey.slice(i + 1)) {
      const apart = p.filter((value, at) => Math.abs(value - q[at]) > 48).length;
      if (apart < 8) out.push(`${a} and ${b}: ${apart} points`);
    }
  });
  return out;
}
