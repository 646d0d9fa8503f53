/** Time as an argument: every part of the node asks this for the hour and for its timers. */
export interface Clock {
  nowMs(): number;
  /** Runs once; however far away. @returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** No timer of it keeps the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      const step = Math.min(leftMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > step ? wait(leftMs - step) : run()), step);
      timer.unref();
    };
    wait(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
