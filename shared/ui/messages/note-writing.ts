/** The texts of a note at the end where it is written. */
export const noteWritingTexts = {
  'note.write': 'Write a note',
  'note.label': 'Your note',
  'note.hint': 'A text, a password, a secret: sealed like a file, and shown only to whoever asks for it.',
  'note.size': (size: string) => `${size} of 1 MiB`,
  'note.tooLong': (size: string) => `${size}: a note holds up to 1 MiB.`,
  'note.burn': 'Burn after reading',
  'note.burn.hint': 'It can be shown once, and is deleted everywhere when it was.',
  'note.burn.fact': 'Burnt after reading',
  'note.files': 'Send files instead',
  'note.change': 'Change the note or its options',
  'note.sending': 'Sending your note',
  'note.failed.lead': 'Your note is still here.',
  'note.done.lead': 'Your note, sealed and stored.',
  'note.done.whoever': 'Whoever has this link can read the note. Share it over a channel you trust.',
} as const;
