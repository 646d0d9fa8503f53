/** What is written into the pages and the extension when they are built, where no script can choose a language. */
export const builtInTexts = {
  /** Of the extension, in the browser's list and in its store: at most 132 characters. */
  'manifest.description': 'Send files so that nobody but the recipient can read them and no single machine holds them.',
  'manifest.command': 'Send what is selected, or else this page',

  // Where scripts are off, in every language
  'noscript.receive': 'Shardsend decrypts in your browser, and for that it needs JavaScript. Nothing has been downloaded or used up.',
  'noscript.send': 'Shardsend encrypts in your browser, and for that it needs JavaScript.',
  'noscript.network': 'This page asks the network for its numbers, and for that it needs JavaScript.',
  'noscript.sends': 'This page decrypts what your browser keeps of your sends, and for that it needs JavaScript.',
} as const;
