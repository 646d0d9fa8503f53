/** What an address answers, whoever asked: the head at once, the body as it is read. */

export interface Answer {
  readonly status: number;
  /** After it was led on. */
  readonly url: string;
  readonly mime: string;
  /** Content-Disposition, or empty. */
  readonly disposition: string;
  /** As announced; null where unknown. */
  readonly bytes: number | null;
  /** May be read once. Ends with Refused where it does not come whole. */
  readonly body: AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Nobody reads on. */
  close(): void;
}

export const isGood = ({ status }: Pick<Answer, 'status'>): boolean => status >= 200 && status <= 299;
