/**
 * What a program keeps on its own machine: boxes, each bound to the name that it is kept under. The key is the platform's
 * own, which a browser never hands out.
 */
import { generateBoxKey, importBoxKey, openBox, sealBox, type BoxKey } from './boxes.ts';

const LABEL = 'shardsend/1 entry\0';

/** Seals entries for this machine. */
export type EntryKey = BoxKey;
export const generateEntryKey = generateBoxKey;
/** @param bytes - 32 random bytes. */
export const importEntryKey = importBoxKey;

const boundTo = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(LABEL + name));

/** @param name - what the box is kept under; under another name it does not open. */
export const sealEntry = (key: EntryKey, name: string, text: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => sealBox(key, boundTo(name), text);

/** @throws OpenError for another key, name or version, and for bytes that are not whole. */
export const openEntry = (key: EntryKey, name: string, box: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => openBox(key, boundTo(name), box);
