/** A download as the worker that opens a transfer feeds it, whoever takes the bytes. Types only. */

/** What is to become a download. */
export interface NamedDownload {
  /** One component, harmless on every disk. */
  readonly name: string;
  /** Exact. */
  readonly bytes: number;
  /** A media type, or empty. */
  readonly mime: string;
}

/** Takes a download's bytes, in order. */
export interface DownloadFeed {
  /** @throws SendError `cancelled` when the person stopped the download. */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** It is complete. Resolves when the browser has all of it. */
  end(): Promise<void>;
  /** Nothing stays of it under its name. */
  fail(): void;
}

export interface StagedHost {
  /** Gives the browser a staged file to save. Resolves once it has it. */
  handOver(staged: { file: string; name: string; mime: string }): Promise<void>;
}
