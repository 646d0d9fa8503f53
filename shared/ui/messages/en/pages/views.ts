export * from '../../note-reading.ts';
export * from '../../previews.ts';
