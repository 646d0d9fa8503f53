/** The one clock of the coordinator: what routes and objects ask for the time, and tests set. */
export const clock = { nowMs: (): number => Date.now() };
