// A child that lives no longer than what started this process: signals are passed on to it, and it is asked to end when
// npm is gone, which dies of a signal without passing it on to what it runs.
const LOOK_EVERY_MS = 500;

/** @param child - ends on SIGTERM. @param onEnd - told its exit code. */
export function supervise(child, onEnd) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, LOOK_EVERY_MS);
  if (process.env.npm_lifecycle_event === undefined) clearInterval(watch);
  child.on('exit', (code, signal) => onEnd(code ?? (signal ? 1 : 0)));
}
