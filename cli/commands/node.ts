/** `shardsend node`: the storage node daemon under the same command. Its options are its own. */
import { runNodeProcess } from '../../node/main.ts';

export const runNode = (args: string[]): Promise<number> => runNodeProcess(args);
