/** One JSON line an event. Fields are counts, codes and sizes: never an order, a key, an address of a client or a transfer. */
export type Log = (event: string, fields?: Readonly<Record<string, number | string | boolean>>) => void;

export const logToStderr: Log = (event, fields = {}) => {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`);
};

/** What may be said of a thrown thing: its class and the platform's code. Messages may hold paths and input. */
export function describeError(thrown: unknown): { error: string; code: string } {
  if (!(thrown instanceof Error)) return { error: 'unknown', code: 'none' };
  const code = 'code' in thrown && (typeof thrown.code === 'string' || typeof thrown.code === 'number') ? String(thrown.code) : 'none';
  return { error: thrown.name, code };
}
