/** Moves a file to a name that nobody has: in one step, so that nothing is overwritten and no name stands for half a file. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './on-disk.ts';

/** Also onto another disk. @returns false when the name is taken. */
export async function moveWithoutReplacing(from: string, to: string): Promise<boolean> {
  try {
    return await takeName(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
    return moveByCopy(from, to);
  }
}

/** A hard link fails where anything has the name, in one step; then the hidden name goes. @returns false when it is taken. */
async function takeName(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'].includes(codeOf(error))) throw error;
    return takeNameByRename(from, to);
  }
  await unlink(from);
  return true;
}

/** For file systems without hard links: takes the name with an empty file, then replaces that. */
async function takeNameByRename(from: string, to: string): Promise<boolean> {
  try {
    await (await open(to, 'wx')).close();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await rename(from, to);
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
  return true;
}

/** For a folder that is another disk: the copy is hidden and durable there before it takes its name. */
async function moveByCopy(from: string, to: string): Promise<boolean> {
  if (await isTaken(to)) return false; // asked before the copy is made; who comes meanwhile is met when it takes the name
  const copy = hiddenPart(path.dirname(to));
  try {
    await copyFile(from, copy, constants.COPYFILE_EXCL);
    const handle = await open(copy, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!(await takeName(copy, to))) return false;
  } finally {
    await rm(copy, { force: true });
  }
  await unlink(from);
  return true;
}

async function isTaken(name: string): Promise<boolean> {
  try {
    await lstat(name);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

const hiddenPart = (folder: string): string => path.join(folder, `.${randomBytes(12).toString('hex')}.part`);
