import { createProgress, type ProgressWatcher, type Video } from "@mediaconvert-status/core";
import { BAR_CSS, ProgressBar } from "./progress_bar.ts";
import { VideoElement } from "./video_element.ts";

/**
 * The progress of one file or job, from the first byte to playing.
 *
 * @attr {string} input-file - The input file that the upload returned; also finds later jobs of the same file.
 * @attr {string} job-id - A job's id, if there is no `input-file`.
 * @attr {string} video-id - The id that `videos.add` returned, if there is neither.
 * @attr {string} api-base-url - The service's URL, without `videos`.
 * @csspart bar - Both halves.
 * @csspart track - One half.
 * @csspart fill - The filled part of one half; also `upload` and `transcode`.
 * @csspart words - The stage, the percentage and the time.
 * @cssproperty --video-accent
 * @cssproperty --video-track
 * @cssproperty --video-danger
 * @cssproperty --video-still
 * @cssproperty --video-radius
 * @cssproperty --video-progress-height
 * @fires uploaded
 * @fires progress
 * @fires complete
 * @fires error
 */
export class VideoProgress extends VideoElement<ProgressWatcher> {
  static override readonly observedAttributes = ["api-base-url", "input-file", "job-id", "video-id"];
  readonly #bar = new ProgressBar();
  #id: string | null = null;

  constructor() {
    super(BAR_CSS);
    this._root.append(this.#bar.element);
  }

  /** The video as it is now; null before it is known. */
  get video(): Video | null {
    return (this.#id !== null && this._source?.get(this.#id)) || null;
  }

  protected override _create(apiBaseUrl: string): ProgressWatcher {
    return createProgress({ apiBaseUrl });
  }

  protected override _open(source: ProgressWatcher, signal: AbortSignal): void {
    const inputFile = this.getAttribute("input-file");
    const jobId = this.getAttribute("job-id");
    this.#id = this.getAttribute("video-id");
    if (!inputFile && !jobId) return;
    const { id, stop } = source.watch(inputFile ? { inputFile } : { jobId: jobId ?? "" });
    this.#id = id;
    signal.addEventListener("abort", stop);
  }

  protected override _concerns(video: Video): boolean {
    return video.id === this.#id;
  }

  protected override _draw(): void {
    const { video } = this;
    if (!video) return;
    this.#bar.update(video, this._text("bar.label", { file: video.fileName ?? video.jobId ?? "" }));
    this._setState(video.view.stage);
  }
}
