/** The texts of previews. */
export const previewsTexts = {
  'preview.look': 'Preview',
  'preview.open': (name: string) => `Preview ${name}`,
  'preview.title': (name: string) => `Preview of ${name}`,
  'preview.off': 'Previews are off because downloads are counted.',
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
