/** A mistake that the operator can put right; the message says what and how, and is printed without a stack. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
