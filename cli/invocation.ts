/**
 * How people run the command: nothing is installed beside a clone of the repository, so every command that a text tells
 * them to type begins like this, and works as it stands there.
 */
export const SHARDSEND = 'npm run -s shardsend --';
