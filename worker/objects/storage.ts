/** What objects ask of their storage before they have written anything. */

/** Whether a table was ever made; asking writes nothing, so that an object which nobody used leaves nothing behind. */
export const hasTable = (sql: SqlStorage, name: string): boolean => sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name).toArray().length > 0;
