/** The tab's icon with the progress of all videos, for tabs whose title is too short to read. */

const SIZE = 32;
const RADIUS = 13;

/** Return an icon whose ring is filled to this percentage. */
export function progressIcon(percent: number): string {
  const length = 2 * Math.PI * RADIUS;
  const circle = `cx="16" cy="16" r="${RADIUS}" fill="none" stroke-width="6"`;
  const filled = ((Math.max(0, Math.min(100, percent)) / 100) * length).toFixed(1);
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}"><circle ${circle} stroke="#8a8f9c"/>` +
    `<circle ${circle} stroke="#3b5bdb" stroke-dasharray="${filled} ${length.toFixed(1)}" transform="rotate(-90 16 16)"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** Show the percentage in the tab's icon; null shows the page's own icon. */
export class Favicon {
  readonly #link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  readonly #own = this.#link?.href ?? "";

  show(percent: number | null): void {
    const href = percent === null ? this.#own : progressIcon(percent);
    if (this.#link && this.#link.href !== href) this.#link.href = href;
  }
}
