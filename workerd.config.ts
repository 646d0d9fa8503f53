/** What the coordinator needs of workerd, on one machine and in its tests. Of a deployment, wrangler.toml says the same. */
export const coordinatorRuntime = {
  compatibilityDate: '2026-08-22',
  compatibilityFlags: ['nodejs_compat'],
  kvNamespaces: ['SNAPSHOT'],
  durableObjects: {
    TRANSFERS: { className: 'TransferObject', useSQLite: true },
    WATCH: { className: 'WatchObject', useSQLite: true },
    NODES: { className: 'NodeObject', useSQLite: true },
    ACCOUNTS: { className: 'AccountObject', useSQLite: true },
    DIRECTORY: { className: 'DirectoryObject', useSQLite: true },
    PUBLISHER: { className: 'PublisherObject', useSQLite: true },
  },
};
