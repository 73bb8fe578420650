/** The base of all elements: their source of videos, their lifetime, their styles, and their language. */

import type { Language, ProgressWatcher, Video, VideoError } from "@mediaconvert-status/core";

/** On a server there is no HTMLElement; the classes can be imported there, and not be used. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export type Labels = Readonly<Record<string, string>>;

/** An event of an element. It doesn't bubble, as native `progress` and `error` events don't. */
export class VideoEvent extends (globalThis.Event ?? class {}) {
  readonly video: Video;
  readonly error: VideoError | null;

  constructor(name: string, video: Video, error: VideoError | null = null) {
    super(name);
    this.video = video;
    this.error = error;
  }
}

const EVENT_NAMES = ["uploaded", "progress", "complete", "error"] as const;

/** One style sheet for each class, made with its first instance: a policy of `style-src 'self'` forbids `<style>`. */
const sheets = new Map<string, CSSStyleSheet>();

function sheetOf(css: string): CSSStyleSheet {
  const sheet = sheets.get(css) ?? new CSSStyleSheet();
  if (!sheets.has(css)) sheet.replaceSync(css);
  sheets.set(css, sheet);
  return sheet;
}

export abstract class VideoElement<Source extends ProgressWatcher> extends Base {
  static readonly observedAttributes: readonly string[] = ["api-base-url"];
  protected readonly _internals: ElementInternals;
  protected readonly _root: ShadowRoot;
  #given: Source | null = null;
  #own: Source | null = null;
  #labels: Labels = {};
  #connection: AbortController | null = null;

  constructor(css: string) {
    super();
    this._internals = this.attachInternals();
    this._root = this.attachShadow({ mode: "open" });
    this._root.adoptedStyleSheets = [sheetOf(css)];
  }

  /** The videos that the app created; without them the element creates its own for `api-base-url`. */
  get videos(): Source | null {
    return this.#given;
  }

  set videos(videos: Source | null) {
    this.#given = videos;
    this.#reconnect();
  }

  /** Texts of your own, by key; missing ones are those of the videos' language. */
  get labels(): Labels {
    return this.#labels;
  }

  set labels(labels: Labels) {
    this.#labels = labels;
    this.#reconnect();
  }

  connectedCallback(): void {
    for (const name of ["videos", "labels"] as const) this.#upgrade(name);
    this.#connect();
  }

  disconnectedCallback(): void {
    // A node that only moves is connected again within this turn, and keeps its state.
    queueMicrotask(() => {
      if (!this.isConnected) this.#disconnect();
    });
  }

  attributeChangedCallback(_: string, before: string | null, after: string | null): void {
    if (before !== after) this.#reconnect();
  }

  /** Show the present state; called after each change of the videos. */
  protected abstract _draw(source: Source): void;
  /** Create a source for this URL. */
  protected abstract _create(apiBaseUrl: string): Source;

  /** Begin what lasts while the element is connected; the signal ends it. */
  protected _open(_source: Source, _signal: AbortSignal): void {}

  /** Return whether an event of this video is an event of this element. */
  protected _concerns(_video: Video): boolean {
    return true;
  }

  protected get _source(): Source | null {
    return this.#given ?? this.#own;
  }

  protected get _language(): Language | null {
    return this._source?.language ?? null;
  }

  /** Return the text of a key: the app's own, or that of the language. */
  protected _text(key: string, values: Readonly<Record<string, string | number>> = {}): string {
    const texts: Labels = { ...OWN_TEXTS[this._language?.tag ?? "en"], ...this._language?.texts, ...this.#labels };
    return (texts[key] ?? OWN_TEXTS.en?.[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));
  }

  /** Show the stage as a custom state, so that `video-progress:state(failed)` works in the app's style sheet. */
  protected _setState(name: string | null): void {
    const states = this._internals.states as Set<string> | undefined; // missing before Safari 17.4
    if (!states || (name !== null && states.has(name) && states.size === 1)) return;
    states.clear();
    if (name !== null) states.add(name);
  }

  #reconnect(): void {
    if (!this.#connection) return;
    this.#disconnect();
    this.#connect();
  }

  #connect(): void {
    if (this.#connection || !this.isConnected) return;
    const url = this.getAttribute("api-base-url");
    if (!this.#given && url !== null) this.#own ??= this._create(new URL(url, document.baseURI).href);
    const source = this._source;
    this.#connection = new AbortController();
    if (!source) return;
    const { signal } = this.#connection;
    const stops = EVENT_NAMES.map((name) =>
      source.on(name, (event) => {
        if (!this._concerns(event.video)) return;
        this.dispatchEvent(new VideoEvent(name, event.video, "error" in event ? event.error : null));
      }),
    );
    this._open(source, signal);
    stops.push(source.subscribe(() => this._draw(source)));
    signal.addEventListener("abort", () => {
      for (const stop of stops) stop();
    });
    this._draw(source);
  }

  #disconnect(): void {
    this.#connection?.abort();
    this.#connection = null;
  }

  /** Apply a property that the app set before the element's class was defined. */
  #upgrade(name: "videos" | "labels"): void {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete (this as { [key in typeof name]?: unknown })[name];
    (this as { [key in typeof name]: unknown })[name] = value;
  }
}

/** The elements' own texts; all others are in the language of core. */
const OWN_TEXTS: Readonly<Record<string, Labels>> = {
  en: {
    choose: "Choose videos",
    drop: "or drop them here",
    list: "Videos",
    playerError: "The video can't be played here.",
  },
  ja: {
    choose: "動画を選択",
    drop: "またはここにドロップ",
    list: "動画",
    playerError: "この動画はここでは再生できません。",
  },
};

/** Register an element, or warn if another script has taken its name. */
export function define(name: string, elementClass: CustomElementConstructor): void {
  const known = globalThis.customElements?.get(name);
  if (known === undefined) globalThis.customElements?.define(name, elementClass);
  else if (known !== elementClass) console.warn(`<${name}> is already defined by another script.`);
}

/** Create an element with attributes; a child that is a string becomes text. */
export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Set an element's text if it differs: an unchanged text isn't announced again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
