/** What alarms would do by themselves: tests decide when the directory is published. */
import { env } from 'cloudflare:workers';
import type { DirectoryNode } from '../../shared/policy/directory-node.ts';
import { forgetDirectory } from '../network/directory.ts';
import { readSnapshot } from '../network/published.ts';
import { publisherOf } from '../objects/publisher.ts';

/** From here on everybody sees what the directory knows now. */
export async function publish(): Promise<void> {
  await publisherOf(env).publish();
  forgetDirectory();
}

export async function publishedNodes(): Promise<readonly DirectoryNode[]> {
  return (await readSnapshot(env))?.nodes ?? [];
}
