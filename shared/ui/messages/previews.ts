/** The texts of a look at one file. What offers it stands with the list, in receiving.ts. */
export const previewsTexts = {
  'preview.title': (name: string) => `Preview of ${name}`,
  'preview.opening': 'Opening only what is shown',
  'preview.none': 'This format is not shown here. Download the file to open it.',
  'preview.undecodable': 'Your browser cannot show this format. Download the file to open it.',
  'preview.more': 'Show more',
  'preview.shown': (shown: string, of: string) => `${shown} of ${of}`,
  'preview.pdf': 'Open the PDF in a new tab',
  'preview.pdf.hint': 'Your browser shows it with its own viewer.',
  'preview.close': 'Close',
  'preview.retry': 'Try again',
} as const;
