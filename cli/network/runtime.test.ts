import path from 'node:path';
import { expect, it } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { coordinatorRuntime } from '../../workerd.config.ts';

it('gives the coordinator here what it has where it is deployed', () => {
  const deployed = unstable_readConfig({ config: path.resolve(import.meta.dirname, '../../wrangler.toml') });
  const stored = new Set(deployed.migrations.flatMap(({ new_sqlite_classes: classes = [] }) => classes));
  const bindings: readonly { readonly name: string; readonly class_name: string }[] = deployed.durable_objects.bindings;
  const objects = bindings.map(({ name, class_name: className }) => [name, { className, useSQLite: stored.has(className) }]);
  const namespaces: readonly { readonly binding: string }[] = deployed.kv_namespaces;
  expect(coordinatorRuntime).toEqual({
    compatibilityDate: deployed.compatibility_date,
    compatibilityFlags: deployed.compatibility_flags,
    kvNamespaces: namespaces.map(({ binding }) => binding),
    durableObjects: Object.fromEntries(objects),
  });
});
