/** Preloaded into a storage node that `shardsend network` started: it ends, gracefully, when its parent goes. */
const LONGEST_STOP_MS = 15_000;

process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), LONGEST_STOP_MS).unref();
});
// Listening alone must not keep a node alive that wants to end.
process.channel?.unref();
// Ctrl-C reaches the whole group; the parent decides when its nodes go.
process.on('SIGINT', () => undefined);
