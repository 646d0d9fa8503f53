/** What `shardsend node status`, `leave` and `appeal` have in common: their flags, their node, and how they fail. */
import { parseArgs } from 'node:util';
import { ConfigError, openOperator, type NodeOperator } from '../../node/main.ts';
import { SendError } from '../../shared/protocol/index.ts';
import { EXIT_FAILED, printJson, reportFailure } from '../report.ts';
import { parseCoordinator, UsageError } from '../values.ts';

/**
 * @param name - of the command, for its complaints.
 * @param args - all but what the command reads itself.
 * @param run - the rest of it.
 * @returns the exit code.
 */
export async function runOperator(name: string, args: string[], run: (operator: NodeOperator, json: boolean) => Promise<number>): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { data: text, coordinator: text, json: { type: 'boolean', default: false } } });
  if (positionals.length > 0) throw new UsageError(`node ${name} takes options only`);
  if (values.data === undefined) throw new UsageError('--data is missing: the folder that the node keeps');
  const coordinator = values.coordinator === undefined ? undefined : parseCoordinator(values.coordinator);
  try {
    return await run(await openOperator(values.data, coordinator), values.json);
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    if (thrown instanceof ConfigError) return await fail('bad_request', thrown.message, values.json);
    const sentence = thrown instanceof SendError ? SENTENCES[thrown.code] : undefined;
    return sentence === undefined ? await reportFailure(thrown, values.json) : await fail((thrown as SendError).code, sentence, values.json);
  }
}

/** Where the general sentence would leave an operator alone. */
const SENTENCES: Partial<Record<SendError['code'], string>> = {
  not_found: 'The coordinator does not know this node: start it and let it register. One that was away for 30 days is forgotten.',
  unauthorized: "The coordinator did not accept the node's signature: is the clock of this machine right?",
  unavailable: 'The coordinator cannot be reached right now. Try again in a moment, or name another with --coordinator.',
};

export async function fail(code: SendError['code'], message: string, json: boolean): Promise<number> {
  if (json) await printJson({ error: { code, message } });
  else process.stderr.write(`shardsend node: ${message}\n`);
  return EXIT_FAILED;
}
