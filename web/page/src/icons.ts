/** The page's icons: SVG paths in the text's colour. Screen readers skip them and read the button's label. */

const PATHS = {
  pause: "M9 6v12M15 6v12",
  play: "M8 5.5v13l10.5-6.5z",
  retry: "M4.5 12a7.5 7.5 0 1 1 2.2 5.3M4.5 18v-4.2h4.2",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  upload: "M12 16V5m0 0L7.5 9.5M12 5l4.5 4.5M5 19h14",
  film: "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM10 9.2v5.6l4.6-2.8z",
  up: "M6 14.5l6-6 6 6",
  pip: "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5V10M11 19H5.5A1.5 1.5 0 0 1 4 17.5v-11M13 14h7v5h-7z",
  back: "M19 12H5m0 0l5.5-5.5M5 12l5.5 5.5",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", PATHS[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}
