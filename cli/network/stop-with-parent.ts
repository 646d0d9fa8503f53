/** Preloaded into a storage node that `shardsend network` started: it ends, gracefully, when its parent goes or lets go of it. */
const LONGEST_STOP_MS = 15_000;

process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), LONGEST_STOP_MS).unref();
});
// Listening alone must not keep a node alive that wants to end.
process.channel?.unref();
// With the parent goes the reader of the log: the node's last lines must not be what kills it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
